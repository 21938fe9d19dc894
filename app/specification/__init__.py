"""The specification: what is true of the contract without any server.

`openapi/orders-events.yaml` and `contracts/` are read, checked, compiled and bundled here, and other documents derived from them.
Reading order: `errors`, `pointer`, `strict_json`, `schema` (what a value must be), `contract_files` and `contracts` (the
event types and their versions), `openapi` (the document: in, checked, out), `derived` (OpenAPI 3.2, AsyncAPI, Python types),
`document` (all of the document).
"""
