"""What is derived from the specification: the OpenAPI 3.2 and AsyncAPI documents, frames as text, Python types."""
