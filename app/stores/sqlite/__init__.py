"""The log in one SQLite file: `store` has the `EventStore`, and the other modules are its parts."""
