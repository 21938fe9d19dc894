"""Traces of OpenTelemetry, with which an event is followed from its producer through the server to its readers. Off by default.

A publish request is one span, in the trace of its producer (`traceparent`, https://www.w3.org/TR/trace-context/). A round, in which the
events of some publish requests are sent to all live readers with the same filter, is one span, too; it has links to the spans of these
requests. So the number of spans does not depend on the number of readers.

Read `tracing.py` first: what the service asks for, and the server without traces. `open_telemetry.py` makes the spans. It imports the
optional packages of `orders-events[otel]`; nothing else does.
"""
