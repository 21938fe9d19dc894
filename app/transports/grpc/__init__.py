"""gRPC: the service `OrderEvents` beside health checks and reflection, on the server of grpcio. Needs the packages of the extra `grpc`.

Reading order: `messages/` (what is sent both ways), `callers` (who calls), `message_deadlines` and `unread_messages` (how long a client has
for messages), `call_sink` (a stream as a call), `statuses` (errors as statuses), `calls` (the calls in progress), `order_events_service`
(the three methods), `readiness` and `reflection` (two services for tools), `grpc_server` (all services on one port).
"""

import os

# Lines that the library itself writes to stderr can be caused by any client, and have a format of their own. An operator may set the
# variable to see them. The library reads it when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
