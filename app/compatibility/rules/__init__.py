"""The rules of the gate: how two documents are compared, and what each difference means for clients and the server."""
