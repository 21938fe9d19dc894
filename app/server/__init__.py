"""The HTTP server: uvicorn, changed so that it follows the HTTP standards and can serve streams that last for days.

The class of a connection has three layers, each a subclass of the layer before: `request_reader` parses requests;
`http_connection` sends the responses in the order of the requests, and closes the connection; `protocol` lets a stream take
the connection over. From then until the end of the stream, the connection is a `stream_connection`. Three modules serve these
classes: `request_head` has the rules for the head of a request, `responses` the responses that uvicorn cannot send, and
`take_over` the interface between a connection and a stream. `listener` opens the socket on which connections arrive. `server`
ends all streams before the process stops.
"""
