"""What a refusal says about the events of a request, without servers: their answers are given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app.stores.jetstream.errors import ApiRefused, Unanswered
from app.stores.jetstream.event_publishing import EventPublishing, Submission
from app.stores.jetstream.payloads import Message
from app.stores.replica.shared_log import AlreadyStored
from tests.support.jetstream_logs import order_event, order_events


def publishing(*, taken_at: int, found: Message | None) -> EventPublishing:
    """Return a publisher whose servers refuse each message, because its subject has a message already: `found`."""

    async def request(*_: object, **__: object) -> object:
        raise ApiRefused(10071, f"wrong last sequence: {taken_at}")

    async def publish(*_: object) -> None:
        pass

    async def message(_: int) -> Message | None:
        return found

    connection: Any = SimpleNamespace(request=request, publish_all=publish)
    api: Any = SimpleNamespace(message=message)
    return EventPublishing(connection, api)


def stored(submission: Submission, index: int, sequence: int) -> Message:
    subject, payload = submission.messages[index]
    return Message(sequence, 0, subject, payload)


async def test_events_of_an_earlier_attempt_are_found_by_any_of_them() -> None:
    submission = Submission("LOG", "epoch", order_events("e", 3))
    found = stored(submission, 2, 7)
    assert await publishing(taken_at=7, found=found).store(submission) == 5


async def test_an_event_of_another_request_is_already_stored() -> None:
    other = Submission("LOG", "epoch", [order_event("e1")])
    submission = Submission("LOG", "epoch", order_events("e", 3))
    with pytest.raises(AlreadyStored) as refusal:
        await publishing(taken_at=7, found=stored(other, 0, 7)).store(submission)
    assert refusal.value.offset == 7


async def test_an_event_that_cannot_be_read_yet_may_be_of_an_earlier_attempt() -> None:
    submission = Submission("LOG", "epoch", order_events("e", 3))
    with pytest.raises(Unanswered):
        await publishing(taken_at=7, found=None).store(submission)
