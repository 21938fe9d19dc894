"""Who may read and publish what, and how much of it. Every transport asks here, once, before a request reaches the log.

Read `principal.py` first: what is known about the sender of a request, and what it may do.
"""
