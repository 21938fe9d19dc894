"""Order events over WebSocket (RFC 6455): several subscriptions on one connection, and publishing.

A connection begins as an HTTP request, which Connexion routes. Reading order: `handshake` (the request is checked, and the
connection switches), `session` (one connection), `incoming` (frames to messages), `client_messages` (messages to values),
`subscriptions` and `publications` (what a client asks for), `server_messages` and `frames` (what it is sent), `shared_messages` and
`permessage_deflate` (messages made and compressed once for all), `sockets` (what all connections share), `deadlines` and `bounds` (what
a client has to keep to).
"""
