"""The server: uvicorn, as a server of streams needs it.

`protocol` is a connection that answers requests, `take_over` the port by which a response takes one over, `server` drains.
"""
