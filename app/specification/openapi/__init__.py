"""The OpenAPI document: read from its file (`source`), its references resolved (`bundle`), checked, and written (`write`).

`statements/` reads what the document says beyond OpenAPI's own rules, and `validity/` judges whether it is valid OpenAPI.
"""
