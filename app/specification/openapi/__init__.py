"""The OpenAPI document: read from its file (`source`), its references resolved (`bundle`), checked, and written (`write`)."""
