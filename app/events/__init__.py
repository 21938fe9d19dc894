"""The core: it knows no framework, no transport and no database.

Reading order: `position`, `event`, `filter`, `errors` (values); `log/` (where events are appended and read); `accept` and `publish`
(the way of an event in); `delivery/` (its way out to readers that stay).
"""
