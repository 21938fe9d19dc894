"""A log in one SQLite file. `store` implements `EventStore`; the other modules are its parts."""
