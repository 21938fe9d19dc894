"""A log that several nodes share, in one NATS JetStream stream: `JetStreamLog` implements `SharedLog`.

Only this folder imports nats-py, which is an optional package. The stream STREAM has one message for each event. The offset of an
event is the sequence of its message; the subject of the message is `STREAM.<epoch>.<owner>.<event id>` (see `subjects`).
"""
