"""The server under check: what was observed of it, and how observations are compared."""
