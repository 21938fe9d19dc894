"""The WebSocket operation of the server under check, as a foreign client uses it.

Reading order: `published_socket` (what the contract says), `socket_exchange` (what a client sends, as a value), `websocket_client`.
"""
