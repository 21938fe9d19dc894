"""The command `orders-events rehearse`: start a consumer's program in front of a server that misbehaves, and judge what it does.

The streams consist of the contract's own examples, encoded as the server encodes them. A fault layer writes them to the connection: cut,
delayed, in pieces, after refusals. So a new event type is rehearsed as soon as its files exist.

Reading order: `scenario` (what happens in a rehearsal, as values), `scenario_table` (all scenarios), `rehearsed_events` and
`rehearsed_log` (what is sent), `observed` (what was seen of the consumer, and when enough was), `stage` (the server),
`consumer_process`, `judge` (the findings), `rehearsal` (one scenario from its beginning to its end, and all of them). The results are those of `app/check/findings.py`.
"""
