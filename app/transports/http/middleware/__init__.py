"""Applications around the application, each of which changes or refuses requests before the contract sees them.

`behind_proxies` (the client's own address), `served_hosts` (the names that are this server's), `cross_origin` (pages of other origins).
"""
