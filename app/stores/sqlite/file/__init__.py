"""The file of a SQLite log and what stands beside it: its lock, its mark, its format, and how a start opens it."""
