"""What is wrong with a consumer, from what was seen of it in one scenario. No I/O.

Reading order: `fault` (a finding), `presence` (whether it came, and came back), `returns` (with which id and after how long), `applied`
(what it reported).
"""
