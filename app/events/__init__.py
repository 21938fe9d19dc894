"""The core of the server: the log of order events. It imports no web framework, no transport and no database.

Reading order: `position`, `event`, `filter`, `errors` (values); `log/` (appending events to the log and reading the log);
`publishing/` (how a submitted event enters the log); `delivery/` (how events are sent to open streams).
"""
