"""The gRPC service of the server under check, as a foreign client uses it: with the messages that the server describes by reflection.

Needs the packages of the extra `grpc`; nothing is imported from here unless `--grpc` is given.

Reading order: `grpc_call` (what a client sends, as a value), `grpc_service` (a connection and its messages), `grpc_client`.
"""

import os

os.environ.setdefault(
    "GRPC_VERBOSITY", "NONE"
)  # grpcio's own lines on stderr; it reads the variable when it is imported
