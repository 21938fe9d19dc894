"""The log: events are appended to it and read from it; replayed and new events take the same path.

Reading order: `event_store` (the port: the promises of a store), `tail` (the newest events, in memory), `filter_index` (from an event
to its listeners), `event_log` (all of it), `start` (the place at which a reader begins), `read_page` (finite reads).
"""
