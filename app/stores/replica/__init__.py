"""A log that several nodes share, as one of them sees it: the node's own copy of the log, and the store that is made of both.

Reading order: `shared_log` (what an engine must provide), `node_copy/` (the copy, which is a cache), `reconciliation`, `follower`,
`rebuild_pauses` and `arrivals` (the log is brought into the copy), `request`, `group_storing` and `publishing` (events are stored in the
log), `replica_store` (the store, made of these parts), `witness` (the copy is compared with the log, event by event).
"""
