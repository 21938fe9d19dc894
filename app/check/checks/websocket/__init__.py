"""The checks of WebSocket: the promises that it shares with the event stream, and those of its messages and connections."""
