"""Derive the OpenAPI document that generators of clients read.

Reading order: `openapi_for_clients` (the whole document, and its operations), `value_lists` (a name for each list of values),
`tolerant_schemas` (what a client must be ready for), `reachable` (which components a part of the document needs).
"""
