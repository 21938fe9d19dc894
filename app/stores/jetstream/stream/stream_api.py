"""The requests of the JetStream API that concern one stream, as JSON
(https://docs.nats.io/reference/reference-protocols/nats_api_reference).

nats-py has no client for the newer settings and for atomic batches, so the API is called by its subjects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any, Final

from app.stores.jetstream.errors import ApiRefused, Unanswered
from app.stores.jetstream.payloads import Message
from app.stores.jetstream.servers.nats_connection import NatsConnection

API: Final = "$JS.API"
API_SECONDS: Final = 1.5  # an answer takes 1 ms; a server that is paused or elects a leader gives none
_UNAVAILABLE: Final = 503
NO_STREAM: Final = 10059
LEASE_SECONDS: Final = 2.0  # servers elect no other leader for 4 s after they heard from one (minElectionTimeout)


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a stream consists of at one moment. `first`, `last`: the sequences of its oldest and newest message. `subjects`: how
    many messages each subject has that was asked for.
    """

    config: Mapping[str, Any]
    created: str
    first: int
    last: int
    silences: Sequence[float]
    subjects: Mapping[str, int]

    @property
    def metadata(self) -> Mapping[str, str]:
        metadata: Mapping[str, str] = self.config.get("metadata", {})
        return metadata

    @property
    def is_led(self) -> bool:
        """Whether the server that gave this information was the leader of the stream at that moment, beyond doubt.

        A server that was paused or cut off takes itself for the leader until it hears from the others. `silences` has the
        seconds since it heard from each of them: if a majority was heard shortly before, they have not elected another leader.
        """
        heard = 1 + sum(silence < LEASE_SECONDS for silence in self.silences)
        return heard * 2 > 1 + len(self.silences)


class StreamApi:
    """The API for one stream. Each method raises Unanswered, Forbidden or ApiRefused."""

    def __init__(self, connection: NatsConnection, stream: str) -> None:
        self._connection = connection
        self.stream = stream

    async def info(self, subject: str | None = None) -> StreamInfo:
        """Return the configuration and the state of the stream, as its leader has them; and whether it has a subject."""
        body = None if subject is None else {"subjects_filter": subject}
        found = _info(await self._call("STREAM.INFO", body))
        if not found.is_led:
            raise Unanswered("The server that leads the stream does not hear from a majority of the others.")
        return found

    async def create(self, config: Mapping[str, Any]) -> StreamInfo:
        return _info(await self._call("STREAM.CREATE", config))

    async def update(self, config: Mapping[str, Any]) -> StreamInfo:
        return _info(await self._call("STREAM.UPDATE", config))

    async def message(self, sequence: int) -> Message | None:
        """Return a message, as any server that stores the stream has it; None if it was deleted or is not stored yet.

        A server that is behind does not have the newest messages. So that a message is absent is confirmed by the leader.
        """
        found = await self._direct_get({"seq": sequence})
        if found is None:
            info = await self.info()
            if info.first <= sequence <= info.last:
                raise Unanswered("The server that answered is behind the others.")
        return found

    async def message_of(self, subject: str) -> Message | None:
        """Return the newest message with a subject, as any server that stores the stream has it; None if there is none, as the
        leader confirms.
        """
        found = await self._direct_get({"last_by_subj": subject})
        if found is None and (await self.info(subject)).subjects:
            raise Unanswered("The server that answered is behind the others.")
        return found

    async def create_consumer(self, config: Mapping[str, Any], name: str = "", action: str = "") -> Mapping[str, Any]:
        """Create a consumer, and return its description. With the action `create`, a name that is taken is refused."""
        request = {"stream_name": self.stream, "config": config, "action": action}
        return await self._call("CONSUMER.CREATE", request, name)

    async def consumer(self, name: str) -> Mapping[str, Any]:
        return await self._call("CONSUMER.INFO", name=name)

    async def _direct_get(self, request: Mapping[str, object]) -> Message | None:
        payload = json.dumps(request).encode()
        answer = await self._connection.request(f"{API}.DIRECT.GET.{self.stream}", payload, seconds=API_SECONDS)
        headers = answer.headers or {}
        if "Nats-Sequence" not in headers:
            return None
        stored_at_ns = nanoseconds(headers["Nats-Time-Stamp"])
        return Message(int(headers["Nats-Sequence"]), stored_at_ns, headers["Nats-Subject"], answer.data)

    async def _call(self, verb: str, body: Mapping[str, Any] | None = None, name: str = "") -> dict[str, Any]:
        subject = f"{API}.{verb}.{self.stream}" + (f".{name}" if name else "")
        payload = b"" if body is None else json.dumps(body).encode()
        answer = json.loads((await self._connection.request(subject, payload, seconds=API_SECONDS)).data)
        raise_refusal(answer)
        return dict(answer)


def raise_refusal(answer: Mapping[str, Any]) -> None:
    """Raise ApiRefused if an answer of JetStream is a refusal; Unanswered if it says that the servers cannot answer now."""
    if error := answer.get("error"):
        refusal = ApiRefused(error.get("err_code", 0), error.get("description", "no reason was given"))
        if error.get("code") == _UNAVAILABLE:
            raise Unanswered(str(refusal))
        raise refusal


def _info(answer: Mapping[str, Any]) -> StreamInfo:
    state = answer["state"]
    replicas = answer.get("cluster", {}).get("replicas") or ()
    silences = [
        replica.get("active", 0) / 1e9 or inf for replica in replicas
    ]  # 0: not heard since the leader was elected
    subjects = state.get("subjects") or {}
    return StreamInfo(answer["config"], answer["created"], state["first_seq"], state["last_seq"], silences, subjects)


def nanoseconds(time: str) -> int:
    """Return a time of the API, RFC 3339 with up to nine digits after the point, in nanoseconds since 1970."""
    whole, _, fraction = time.removesuffix("Z").partition(".")
    return int(datetime.fromisoformat(f"{whole}+00:00").timestamp()) * 10**9 + int(fraction.ljust(9, "0"))
