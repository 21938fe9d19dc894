"""The OpenAPI document: read (`source`), references resolved (`bundle`), checked, and written out (`write`)."""
