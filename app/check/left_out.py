"""Why the options of a run leave a check out. Each function returns the reason as a sentence, or an empty text if they do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from app.check.target.target import Options

Reason: TypeAlias = Callable[[Options], str]


def never(_options: Options) -> str:
    return ""


def when_quick(options: Options) -> str:
    return "It waits for a long time; leave out --quick to run it." if options.quick else ""


def unless_publishing(options: Options) -> str:
    return "" if options.publish else "It writes to the log; --publish allows it."


def without_grpc(options: Options) -> str:
    return "" if options.grpc else "It needs the gRPC port; --grpc names it."


def without_nodes(options: Options) -> str:
    return "" if options.nodes else "It needs the URL of another node."


def without_token(options: Options) -> str:
    return "" if options.token else "It needs an access token."


def unless_restricted(options: Options) -> str:
    return "" if options.restrictions else "It needs a token that is restricted to some events."


def _first_of(*reasons: Reason) -> Reason:
    return lambda options: next(filter(None, (reason(options) for reason in reasons)), "")


unless_publishing_and_waiting: Final = _first_of(unless_publishing, when_quick)
unless_publishing_over_grpc: Final = _first_of(without_grpc, unless_publishing)
unless_publishing_at_nodes: Final = _first_of(without_nodes, unless_publishing)
without_grpc_and_waiting: Final = _first_of(without_grpc, when_quick)
