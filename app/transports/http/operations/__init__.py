"""The operations of the contract, one method each: it takes an HTTP request, calls the core, and returns the HTTP response.

The name of a method is the operationId in Python's spelling. Parameters arrive as values of the types that the contract defines; they
are shared with later requests, and must not be changed. Every method returns a response, which is an ASGI application. If a method
returned a dict, Connexion would respond 500 if the contract also declares a problem document for the operation.

Reading order: `read_operations` (streams and pages), `count_operations`, `publish_operations` and `socket_operations` (events),
`session_operations` (web pages that sign in), `document_operations` (the contract itself), `health_operations` (for operators),
`operations` (all of them). `cache_headers` are the headers that they share.
"""
