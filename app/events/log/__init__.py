"""The log: where events are appended, kept within reach, and read from; one read path for replay and for what comes next.

Reading order: `event_store` (the port: the promises of a store), `tail` (the newest events, in memory), `filter_index` (from an event
to its listeners), `event_log` (all of it), `start` (the place at which a reader begins), `read_page` (finite reads).
"""
