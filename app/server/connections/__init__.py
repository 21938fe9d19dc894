"""The connections of a server, as the protocols of their transports.

The class of a connection has four layers, each a subclass of the layer before: `request_reader` parses requests;
`http_connection` sends the responses in the order of the requests, and closes the connection; `timed_connection` closes it if
the client is too slow; `protocol` lets the application take the connection over.

Until the end of a stream, the connection is a `stream_connection`; after a switch to another protocol, such as WebSocket, an
`upgraded_connection`. `taken_connection` is what both have in common. `request_head` has the rules for the head of a request,
`responses` the responses that uvicorn cannot send. `timetable` holds the deadlines of all connections, and `slow_reader` is the
rule for a client that does not read.
"""
