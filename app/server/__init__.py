"""The server: uvicorn, changed so that it keeps to HTTP and can serve streams that last for days.

A connection has three layers, each a subclass of the one before: `request_reader` reads requests, and `request_head` holds the
rules for them; `http_connection` answers in order and ends the connection, with the `responses` that uvicorn cannot send; `protocol` lets a
stream take the connection over, by the port in `take_over`. `listener` is the socket on which connections arrive, and `server` drains
before it stops.
"""
