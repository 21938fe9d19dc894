"""The other transports of the server under check, WebSocket and gRPC, as foreign clients use them.

Reading order: `exchanges` (requests as values), `received_items` (what a subscription is sent, in the same form for every
transport), `published_socket` (what the contract says about WebSocket), `websocket_client`, `grpc_client`.
"""
