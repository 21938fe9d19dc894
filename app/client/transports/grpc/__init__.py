"""Streams and publishing over gRPC. Needs the packages of the extra `grpc`; nothing is imported from here unless a client asks for gRPC.

No code is generated: a server describes its messages by reflection, so a client reads event types that are newer than the client.

Reading order: `from_messages` and `to_messages` (messages and JSON objects), `described_messages` (the messages of a server),
`call_failures` (what a failed call means), `grpc_channel` (a connection and its description), `silence` (a limit on silent calls),
`grpc_calls` (streams and publishing), `async_grpc_calls` (the same for asyncio).
"""

import os

# grpcio writes lines to stderr, in a format of its own, when a server ends a connection. The client reports each failure anyway. The
# library reads the variable when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
