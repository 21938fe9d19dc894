"""The rights that a node needs at the NATS servers, as its user's permissions must grant them. It needs no others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rights:
    """The subjects that a user may publish and subscribe to; `*` stands for one token, `>` for any number of them."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def node_rights(stream: str) -> Rights:
    """Return the rights of a node of the log in a stream. `orders-events log init` needs `creator_rights`, too."""
    return Rights(
        publish=(
            f"{stream}.>",  # the events
            f"$JS.API.STREAM.INFO.{stream}",
            f"$JS.API.STREAM.UPDATE.{stream}",  # begins an epoch after a restore
            f"$JS.API.DIRECT.GET.{stream}",
            f"$JS.API.CONSUMER.CREATE.{stream}",
            f"$JS.API.CONSUMER.CREATE.{stream}.*",  # begins an epoch
            f"$JS.API.CONSUMER.INFO.{stream}.*",  # begins an epoch
            f"$JS.FC.{stream}.>",  # flow control of the events that are followed
        ),
        subscribe=("_INBOX.>",),
    )


def creator_rights(stream: str) -> Rights:
    """Return the further rights that making the stream needs."""
    return Rights(publish=(f"$JS.API.STREAM.CREATE.{stream}",), subscribe=())
