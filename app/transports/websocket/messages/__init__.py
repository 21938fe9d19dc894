"""The messages of a WebSocket connection: bytes to values, and values to bytes.

From a client: `incoming` (frames to messages), `client_messages` (messages to values). To a client: `server_messages` (values to
messages), `frames` (messages to frames), `shared_messages` (made once for all connections), `permessage_deflate` (compression).
"""
