"""Order events over WebSocket (RFC 6455): several subscriptions on one connection, and publishing.

A connection begins as an HTTP request, which Connexion routes. Reading order: `handshake` (the request is checked, and the connection
switches), `session` (one connection), `sender` (who sends its messages), `messages/` (bytes to values, and back), `backlog` (large messages
wait for their turn), `client_requests` (what each message does), `subscriptions` and `publications` (what is under way for a client),
`socket_sinks` (how it gets events), `sockets` (what all connections share), `deadlines` and `bounds` (what a client has to keep to).
"""
