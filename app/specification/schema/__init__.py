"""What a JSON value must be: schemas in the dialect that OpenAPI 3.0 and JSON Schema 2020-12 share, compiled and explained."""
