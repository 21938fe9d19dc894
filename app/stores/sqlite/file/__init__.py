"""The files of a SQLite log: the database, its lock, its mark, its format, and how a server opens them at its start."""
