"""The two kinds of readers, and how each is sent its items.

Reading order: `filter_group` and `live_readers` (readers that have been sent the whole log, in groups that are sent the same pages),
`store_reads` and `behind_readers` (readers that have not, each at a place of its own).
"""
