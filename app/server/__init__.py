"""The HTTP server: uvicorn, changed so that it follows the HTTP standards and can serve streams that last for days.

`connections/` is what becomes of a connection, from its first request to its end; `take_over` is the interface with which an application
takes one over. `listener` opens the socket on which connections arrive, and `accept_queue` accepts faster while many wait there. `config`
is what all connections of a server share, and `connection_counts` what is counted of them. `server` ends all streams before the process
stops.
"""
