"""JSON Schemas that decide whether a value is valid and explain each violation.

The schemas may use only the keywords that mean the same in OpenAPI 3.0 and in JSON Schema 2020-12.
"""
