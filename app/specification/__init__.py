"""Read, check and compile the HTTP contract and the event contracts. Nothing in this package needs a server.

The HTTP contract is the OpenAPI document `openapi/orders-events.yaml`. The event contracts are the JSON Schemas under
`contracts/`. Other documents (OpenAPI 3.2, AsyncAPI, Python types) are derived from the two.

Reading order: `errors`, `pointer`, `version`, `strict_json`; `schema/` (decides which values are valid); `conversion/` (events
of one major version for readers of another); `contract_files` and `contracts` (the event types and their versions); `openapi/` (reads,
checks and writes the OpenAPI document); `derived/` (the derived documents); `document` (loads the OpenAPI document in every form that the
server needs).
"""
