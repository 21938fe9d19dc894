"""Documents and code derived from the contract: OpenAPI 3.2, AsyncAPI, examples of stream frames as text, Python types."""
