"""The delivery of the log to readers that stay: one event to many readers, read and encoded once.

Reading order: `stream_item` (the values that are sent), `sink` (the port that a transport brings), `cursor` (a reader's place),
`subscription_state` and `subscription` (a reader as a state machine), `subscribe` (from a request to a subscription),
`filter_group` and `live_readers` (readers at the head), `store_reads` (readers far behind), `heartbeats` (silent readers),
`fan_out` (all of it), `encoded` (bytes that readers share).
"""
