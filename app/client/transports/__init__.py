"""How the frames of a stream come from a server: by Server-Sent Events or WebSocket, each with blocking I/O and for asyncio."""
