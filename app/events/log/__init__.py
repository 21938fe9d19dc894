"""The log: where events are appended, kept within reach, and read from; one read path for replay and for what comes next.

Reading order: `event_store` (the port: what a store promises), `tail` (the newest events, in memory), `filter_index` (which
filters an event matches), `event_log` (all of it), `start` (where a reader begins), `read_page` (finite reads).
"""
