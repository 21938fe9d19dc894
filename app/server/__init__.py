"""The server: uvicorn, changed so that it can serve streams that last for days.

`take_over` is the port by which a response takes its connection over, `protocol` a connection that offers that port, `listener` the
socket on which connections arrive, and `server` the server that drains before it stops.
"""
