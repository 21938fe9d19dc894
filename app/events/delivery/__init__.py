"""The delivery of events to open streams: each event is read and encoded once, and sent to many readers.

Reading order: `stream_item` (the values that are sent), `sink` (the interface that a transport implements), `cursor` (a reader's position
in the log), `subscription_state` and `subscription` (a reader as a state machine), `subscribe` (from a request to a subscription),
`readers/` (those that have read the whole log, and those that have not), `timing/` (heartbeats, and streams that end by the time),
`sent_items` (the numbers of what was sent), `fan_out` (all of these together), `encoded` (bytes that readers share).
"""
