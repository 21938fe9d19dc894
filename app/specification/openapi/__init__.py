"""The OpenAPI document: read (`source`), its references resolved (`bundle`), checked, and written (`write`)."""
