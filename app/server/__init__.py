"""The HTTP server: uvicorn, changed so that it follows the HTTP standards and can serve streams that last for days.

The class of a connection has three layers, each a subclass of the layer before: `request_reader` parses requests;
`http_connection` sends the responses in the order of the requests, and closes the connection; `protocol` lets the application
take the connection over. Until the end of a stream, the connection is a `stream_connection`; after a switch to another
protocol, such as WebSocket, an `upgraded_connection`. `taken_connection` is what both have in common, and `take_over` the
interface between them and the application. `request_head` has the rules for the head of a request, `responses` the responses
that uvicorn cannot send. `listener` opens the socket on which connections arrive. `server` ends all streams before the process
stops.
"""
