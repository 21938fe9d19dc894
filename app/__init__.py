"""Orders Events: a specification-first stream of order events over Server-Sent Events.

Reading order, from the ground up: `specification` (the contract, without any server), `events` (the core: events, the log, and their
delivery to readers), `stores` (where events are kept), `sources` (publishers inside the server), `access` (who may read and publish what),
`transports` (how events come in and go out), `server` (uvicorn, changed for streams that last), `metrics`, `diagnostics`, `tracing` and
`program_version` (what a server reports about itself), `pages` (documentation and dashboard), `settings`, `configured` (the parts that
settings choose; `configured_keys`: the keys), `background` (work beside other work), `service` (puts all of it together), `main` (runs it),
`cli` (the command line).

Five packages stand apart. `client` is for programs that use a server, and knows nothing of one. `compatibility` compares the contract with
its released form, and `check` a running server with its contract; both know the specification only. `rehearse` is a server that misbehaves,
and judges the programs of consumers. `new_contract` writes a contract for events of another domain. ARCHITECTURE.md shows the way of an
event through these rooms.
"""
