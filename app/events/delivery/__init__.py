"""The delivery of events to open streams: each event is read and encoded once, and sent to many readers.

Reading order: `stream_item` (the values that are sent), `sink` (the interface that a transport implements), `cursor` (a
reader's position in the log), `subscription_state` and `subscription` (a reader as a state machine), `subscribe` (from a
request to a subscription), `filter_group` and `live_readers` (readers that have read the whole log), `store_reads` (readers
whose next events are not in memory), `timing/` (heartbeats, and streams that end by the time), `sent_items` (their
numbers), `fan_out` (all of these together),
`encoded` (bytes that readers share).
"""
