"""The log in one SQLite file, which is believed only as far as its checksums go.

Reading order: `store` (the `EventStore`), `writer` and `transactions` (how events get into the file), `deletion` (how they leave
it), `readers` and `pages` (how they are read), `checksums`, `event_blocks` and `records` (what proves them), `file/` (the file: its
lock, mark, format and start). `verification` and `copies` are the tools of an operator: verify, backup, restore.
"""
