"""A limit on how long a call may be silent, for blocking I/O: grpcio can limit a whole call, but not the time between two messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc

from ...endpoint import Endpoint
from .call_failures import silent

_Result = TypeVar("_Result")


class Silence:
    """A context in which a call is cancelled if nothing comes for the time that the endpoint has as its limit.

    A thread watches the call. It does not count the time during which nobody waits for a message.
    """

    def __init__(self, call: Any, endpoint: Endpoint) -> None:
        self._call = call
        self._endpoint = endpoint
        self._waiting_since: float | None = None
        self._is_over = False
        self._ended = threading.Event()

    def bounds(self, wait: Callable[[], _Result]) -> _Result:
        """Return the result of a function that waits for the server. Raises TransientError if it takes too long, grpc.RpcError."""
        self._waiting_since = time.monotonic()
        try:
            return wait()
        except grpc.RpcError:
            if self._is_over:
                raise silent(self._endpoint) from None
            raise
        finally:
            self._waiting_since = None

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(max(self._left(), 0.0)):
            if self._left() <= 0:
                self._is_over = True
                self._call.cancel()
                return

    def _left(self) -> float:
        since = self._waiting_since
        limit = self._endpoint.silence_seconds
        return limit if since is None else since + limit - time.monotonic()
