"""Storing events in a stream: one message, or an atomic batch of several (ADR-50).

Each message is stored only if its subject has none yet (`Nats-Expected-Last-Subject-Sequence: 0`). So an event whose
acknowledgement was lost is sent again without risk, and the tag in its payload shows that it was this request which stored it.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Sequence
from typing import Any, Final

from nats.aio.msg import Msg

from app.events.event import Event
from app.stores.jetstream.errors import ApiRefused, Unanswered
from app.stores.jetstream.payloads import new_tag, tag_of, write_payload
from app.stores.jetstream.servers.nats_client import OutgoingMessage
from app.stores.jetstream.servers.nats_connection import NatsConnection
from app.stores.jetstream.stream.stream_api import StreamApi, raise_refusal
from app.stores.jetstream.subjects import subject_of
from app.stores.replica.shared_log import AlreadyStored

MAX_EVENTS: Final = 1000  # the servers refuse larger batches
ATTEMPT_SECONDS: Final = 2  # an acknowledgement takes 5 ms; a new leader is elected in 4 to 9 s
_BATCHES: Final = 8  # in flight from one node; the servers take 50 for one stream, from all nodes
_NEW: Final = {"Nats-Expected-Last-Subject-Sequence": "0"}
_NEW_IN_BATCH: Final = "NATS/1.0\r\nNats-Expected-Last-Subject-Sequence: 0\r\n"
_SUBJECT_TAKEN: Final = 10071
_FINAL: Final = {10054, 10174}  # larger than max_msg_size; the stream takes no atomic batches any more


class Submission:
    """The events of one request, as messages; they are the same in each attempt to store them."""

    def __init__(self, stream: str, epoch: str, events: Sequence[Event]) -> None:
        self.tag = new_tag()
        self.messages = [(subject_of(stream, epoch, event.key), write_payload(event, self.tag)) for event in events]

    def index(self, subject: str) -> int:
        return next(index for index, (known, _) in enumerate(self.messages) if known == subject)


class EventPublishing:
    """The writing side of a node: stores submissions, several at once."""

    def __init__(self, connection: NatsConnection, api: StreamApi) -> None:
        self._connection = connection
        self._api = api
        self._batches = asyncio.Semaphore(_BATCHES)

    async def store(self, submission: Submission) -> int:
        """Try once to store the events, and return the offset of the first; also if an earlier attempt has stored them.

        Raises AlreadyStored if another request has stored one of them; Unanswered if a further attempt may succeed; NatsError if
        none can.
        """
        try:
            return await self._attempt(submission)
        except ApiRefused as error:
            if error.code == _SUBJECT_TAKEN:
                return await self._offset_of_ours(submission, _sequence(error))
            if error.code in _FINAL:
                raise
            raise Unanswered(str(error)) from None

    async def find(self, submission: Submission) -> int | None:
        """Return the offset of the first event if an earlier attempt has stored the events; None if none has.

        Raises Unanswered or Forbidden.
        """
        subject, _ = submission.messages[0]
        found = await self._api.message_of(subject)
        return found.sequence if found is not None and tag_of(found.payload) == submission.tag else None

    async def _attempt(self, submission: Submission) -> int:
        if len(submission.messages) > 1:
            async with self._batches:
                return await self._store_batch(submission.messages)
        [(subject, payload)] = submission.messages
        answer = await self._connection.request(subject, payload, _NEW, seconds=ATTEMPT_SECONDS)
        return int(_acknowledged(answer)["seq"])

    async def _store_batch(self, messages: Sequence[tuple[str, bytes]]) -> int:
        batch = secrets.token_hex(8)
        *before, (subject, payload) = messages
        await self._connection.publish_all(
            [
                OutgoingMessage(earlier, _header(batch, number), its_payload)
                for number, (earlier, its_payload) in enumerate(before, 1)
            ]
        )
        commit = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(messages)), "Nats-Batch-Commit": "1"}
        answer = await self._connection.request(subject, payload, _NEW | commit, seconds=ATTEMPT_SECONDS)
        return int(_acknowledged(answer)["seq"]) - len(messages) + 1

    async def _offset_of_ours(self, submission: Submission, sequence: int) -> int:
        """Return the offset of the first event if an earlier attempt has stored them, as the message at `sequence` shows."""
        found = await self._api.message(sequence)
        if (
            found is None
        ):  # it is being stored, perhaps by our earlier attempt, or was deleted since: the next attempt shows it
            raise Unanswered("The message with this subject cannot be read.")
        if tag_of(found.payload) != submission.tag:
            raise AlreadyStored(sequence)
        return sequence - submission.index(found.subject)


def _header(batch: str, number: int) -> bytes:
    """Return the header of a message in a batch, as it is sent."""
    return f"{_NEW_IN_BATCH}Nats-Batch-Id: {batch}\r\nNats-Batch-Sequence: {number}\r\n\r\n".encode()


def _acknowledged(answer: Msg) -> dict[str, Any]:
    acknowledgement: dict[str, Any] = json.loads(answer.data)
    raise_refusal(acknowledgement)
    return acknowledgement


def _sequence(error: ApiRefused) -> int:
    """Return the sequence of the message that has the subject: the refusal names it in its text alone."""
    match = re.search(r"wrong last sequence: (\d+)", error.description)
    if match is None:
        raise Unanswered(str(error))
    return int(match[1])
