"""The loop of `forward`: one event after another, each repeated until it is received or given up."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from app.cli.forwarding.kept_position import KeptPosition
from app.cli.forwarding.webhook import Webhook
from app.cli.output.terminal import say
from app.client import Checkpoint, Gap, OrderEvent, Unavailable
from app.client.protocol.retries import Retries, TransientError

_FIRST_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 300.0


@dataclass(slots=True)
class Forwarding:
    """The events of one run.

    `webhook`: the receiver.
    `position`: the file with the id of the last one.
    `retry_max_seconds`: for how long an event is repeated; None: without a limit.
    `dead_letters`: the file that takes an event which was not received in that time; None: the run ends instead.
    """

    webhook: Webhook
    position: KeptPosition
    retry_max_seconds: float | None
    dead_letters: Path | None
    received: int = 0
    given_up: int = 0

    def forward(self, items: Iterable[OrderEvent | Gap | Checkpoint]) -> None:
        """Forward the items of a stream in order, and keep the position after each.

        Raises click.ClickException if an event cannot be forwarded or the receiver wants no more events, OSError if a file cannot be
        written.
        """
        for item in items:
            if not isinstance(item, Checkpoint):
                self._forward(_message_id(item), _members(item))
            self.position.keep(item.id)

    def _forward(self, message_id: str, members: dict[str, Any]) -> None:
        retries = Retries(self.retry_max_seconds, _LONGEST_SECONDS, say, time.monotonic)
        body = json.dumps(members).encode()
        while True:
            try:
                self.webhook.post(message_id, body)
            except TransientError as error:
                try:
                    time.sleep(retries.wait_seconds(error, _FIRST_SECONDS))
                except Unavailable:
                    self._give_up(members, error)
                    return
            else:
                self.received += 1
                return

    def _give_up(self, members: dict[str, Any], error: TransientError) -> None:
        """Append an event to the dead letters. Raises click.ClickException if there is no file for them, OSError if it cannot be written."""
        if self.dead_letters is None:
            raise click.ClickException(
                f"{error} The next run goes on with this event; --dead-letters FILE would set it aside."
            )
        with self.dead_letters.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps({**members, 'error': str(error)})}\n")
            file.flush()
            os.fsync(file.fileno())
        self.given_up += 1
        say(f"{members['eventType']} {members['id']} was not received, and is in {self.dead_letters} now. {error}")


def _members(item: OrderEvent | Gap) -> dict[str, Any]:
    """Return an item as the members of a JSON object, as `tail` prints an event."""
    if isinstance(item, OrderEvent):
        return {"id": item.id, "eventType": item.event_type, "data": item.data}
    data = {"reason": item.reason, "requested": item.requested, "earliest": item.earliest}
    return {"id": item.id, "eventType": "stream.gap", "data": data}


def _message_id(item: OrderEvent | Gap) -> str:
    # A gap has the id of the position before the next event, and that may be the id of an event.
    return item.id if isinstance(item, OrderEvent) else f"gap-{item.id}"
