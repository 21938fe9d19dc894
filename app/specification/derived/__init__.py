"""Documents and code derived from the contract: OpenAPI 3.2 and OpenAPI for generators of clients, AsyncAPI, examples of stream frames as
text, Python types, the gRPC service.
"""
