"""What the client decides, without any I/O: which request to send next, what an answer means, and how long to wait."""
