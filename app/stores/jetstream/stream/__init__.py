"""The stream that has the log: its requests, its settings and its epochs."""
