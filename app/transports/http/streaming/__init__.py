"""Event streams as HTTP responses: `sse` encodes items, `response` begins a stream, and each kind of connection has a sink."""
