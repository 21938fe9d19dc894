"""Documents and code derived from the specification: OpenAPI 3.2, AsyncAPI, frames as text, Python types."""
