"""Who may read and publish what, and how much of it. Every transport asks here, once, before a request reaches the log.

Read `principal.py` first: what is known about the sender of a request, and what it may do. The folder `tokens` says how the server learns
that from an access token, and `development.py` makes keys and tokens for one machine. `permitted_events.py` turns what a sender may do
into a filter. `admission.py` and `publish_rate.py` limit how much each client (`client.py`, behind proxies `forwarded.py`) may have, and
`reconnection.py` says when clients come back.
"""
