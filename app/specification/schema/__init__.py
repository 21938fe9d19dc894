"""Schemas: compiled from the dialect that OpenAPI 3.0 and JSON Schema 2020-12 share; they find and explain violations."""
