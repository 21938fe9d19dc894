"""The checks of publishing. They write to the log: what is stored, what is stored once, in which version, and what is refused."""
