"""What is seen of a consumer in one scenario, and when enough was seen.

Reading order: `observations` (requests, deliveries and reports, as values), `seen` (all of one scenario), `expected_ids`, `open_streams`,
`applied_file`, `lag` (how late everything is on this machine), `watch` (when a scenario is over).
"""
