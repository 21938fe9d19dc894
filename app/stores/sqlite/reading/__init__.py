"""Reading a SQLite log: threads that read (`readers`), pages of events that match a filter (`pages`), the search for these
events (`block_search`), counting events (`counts`), and reading and verifying events (`verified_reads`).
"""
