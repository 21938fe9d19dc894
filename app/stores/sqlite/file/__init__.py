"""The files of a SQLite log: the database, its lock, and its mark (a small file that records the newest event).

The modules also define the format of the database, and open and check these files at the start of a server.
"""
