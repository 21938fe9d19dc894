"""The log of order events: events are appended to the log and read from the log; old and new events are read in the same way.

Reading order: `event_store` (the interface of a store), `tail` (the newest events, in memory), `filter_index` (which listeners to call for
an event), `opaque_ids` and `reader_ids` (the ids that readers are sent), `seen_page` (events in the major version of a reader), `event_log`
(the log, made of these parts), `start` (where a reader starts), `read_page` (reading one page), `count_events` (counting events by interval
and type).
"""
