"""The decisions of the client, without I/O: which request to send next, what a response means, and how long to wait."""
