"""Reading a SQLite log: threads that read (`readers`), pages of events that match a filter (`pages`), the search for these
events (`block_search`), and reading and verifying events (`verified_reads`).
"""
