"""The checks of WebSocket: the promises that every transport keeps, and those of its messages and connections."""
