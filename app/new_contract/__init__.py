"""Write a new contract, for events of another domain: `orders-events init`.

Reading order: `event_names` (the words that follow from an event type), `new_document` (the OpenAPI document in these words),
`contract_folder` (all files of the contract).
"""
