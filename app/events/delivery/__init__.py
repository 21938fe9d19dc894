"""Delivery: from the log to every open subscription, one event to many readers.

Reading order: `stream_item` (what a reader is sent), `subscription` (one reader), `filter_group` (readers of the same filter
at the head), `live_readers` (all groups), `heartbeats` (the one clock), `fan_out` (all of it).
"""
