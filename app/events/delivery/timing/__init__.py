"""What happens to a stream at a known time: signs of life, and the end. No stream has a timer of its own.

Reading order: `heartbeats` (readers that were sent nothing for some time), `expiries` (times in buckets, behind one timer), `endings`
(streams that end by the time).
"""
