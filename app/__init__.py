"""Orders Events: a specification-first stream of order events over Server-Sent Events.

Reading order: `events` (the core: what an event, a position and the log are), `stores` (where events are kept),
`sources` (where in-process events come from), `transports.http` (how events come in and go out), `main` (puts it together).
`client` stands apart: it is for programs that speak with a server, and knows nothing of it.
"""
