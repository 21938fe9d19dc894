"""The specification: everything about the contract that needs no server.

`openapi/orders-events.yaml` and `contracts/` are read, checked, compiled and bundled here, and other documents are derived from
them. Reading order: `errors`, `pointer`, `version`, `strict_json`; `schema/` (which values are valid), `contract_files` and
`contracts` (the event types and their versions), `openapi/` (the OpenAPI document: read, checked and written), `derived/`
(OpenAPI 3.2, AsyncAPI, Python types), `document` (all of it, as the server needs it).
"""
