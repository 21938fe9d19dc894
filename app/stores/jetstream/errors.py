"""The errors inside a log in JetStream. Users of the log get StoreUnavailable, StoreRefused or the errors of `SharedLog` instead.

NatsError
├── Unanswered     no answer came: the outcome of the request is unknown
│   └── NoResponder  no server takes messages of this subject: the request had no effect
├── Forbidden      the credentials do not permit the request
├── TooLarge       the servers do not accept messages of this size
├── ApiRefused     JetStream refused the request
└── NoRecord       the stream is not one that keeps a log
"""

from __future__ import annotations


class NatsError(Exception):
    """The base class of the errors of requests to a NATS server. The message is a full sentence without credentials."""


class Unanswered(NatsError):
    """Raised when a request was not answered in time, or the connection broke before the answer."""


class NoResponder(Unanswered):
    """Raised when no server takes messages of a subject at the moment. The message was stored nowhere."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"No NATS server takes messages of the subject {subject}.")


class Forbidden(NatsError):
    """Raised when the credentials of this node do not permit to publish to a subject, or to subscribe to it."""

    def __init__(self, action: str, subject: str) -> None:
        super().__init__(f"The NATS server does not permit this node to {action} to {subject}.")


class ApiRefused(NatsError):
    """Raised when JetStream refused a request. `code`: the `err_code` of the answer, which names the reason."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"JetStream refused a request: {description} ({code}).")
        self.code = code
        self.description = description


class NoRecord(NatsError):
    """Raised when the metadata of a stream has no record of the epochs or the id key of a log."""

    def __init__(self) -> None:
        super().__init__("The stream has no record of the epochs and the id key of a log.")


class TooLarge(NatsError):
    """Raised when a message has more bytes than the servers accept. It was not sent."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"An event of {size} bytes is too large for the NATS servers, which accept {limit} bytes a message."
        )
