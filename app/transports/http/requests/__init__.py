"""What a request says, read as the contract types it. Nothing here decides what is answered.

Reading order: `remembered` (what may be remembered for requests that are the same byte for byte), `routing` (which operation),
`parameters` (their values), `negotiation` (the media type and the coding of the response), `json_bodies` (the body).
"""
