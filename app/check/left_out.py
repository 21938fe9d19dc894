"""Why the options of a run leave a check out. Each function returns the reason as a sentence, or an empty text if they do not."""

from __future__ import annotations

from app.check.target.target import Options


def never(_options: Options) -> str:
    return ""


def when_quick(options: Options) -> str:
    return "It waits for a long time; leave out --quick to run it." if options.quick else ""


def unless_publishing(options: Options) -> str:
    return "" if options.publish else "It writes to the log; --publish allows it."


def without_grpc(options: Options) -> str:
    return "" if options.grpc else "It needs the gRPC port; --grpc names it."


def unless_publishing_over_grpc(options: Options) -> str:
    return without_grpc(options) or unless_publishing(options)


def without_nodes(options: Options) -> str:
    return "" if options.nodes else "It needs the URL of another node."


def unless_publishing_at_nodes(options: Options) -> str:
    return without_nodes(options) or unless_publishing(options)


def without_token(options: Options) -> str:
    return "" if options.token else "It needs an access token."


def unless_restricted(options: Options) -> str:
    return "" if options.restrictions else "It needs a token that is restricted to some events."


def unless_publishing_and_waiting(options: Options) -> str:
    return unless_publishing(options) or when_quick(options)


def without_grpc_and_waiting(options: Options) -> str:
    return without_grpc(options) or when_quick(options)
