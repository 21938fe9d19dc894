"""The log in one SQLite file: `store` is the `EventStore`, the other files are what it is made of."""
