"""The server under check (the target): requests to it, what has been observed of it, and how observations are compared."""
