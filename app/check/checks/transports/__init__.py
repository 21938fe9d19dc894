"""The checks of WebSocket and gRPC: the promises of an event stream, held over other transports, and those of each alone."""
