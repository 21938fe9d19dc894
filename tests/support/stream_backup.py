"""Backup, deletion and restore of a stream by its servers, as `nats stream backup` and `nats stream restore` ask for it.

https://docs.nats.io/reference/reference-protocols/nats_api_reference#snapshots
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

nats_client = pytest.importorskip("nats", reason="nats-py is not installed.")

_SECONDS = 60  # generous: machines that run tests are busy


class StreamBackup(NamedTuple):
    """The configuration and the state of a stream, and its content in pieces."""

    description: Mapping[str, Any]
    chunks: Sequence[bytes]


async def back_up_stream(url: str, stream: str) -> StreamBackup:
    async with _connected(url) as client:
        inbox = client.new_inbox()
        received = await client.subscribe(inbox)
        description = await _ask(client, f"$JS.API.STREAM.SNAPSHOT.{stream}", {"deliver_subject": inbox})
        chunks: list[bytes] = []
        while (message := await received.next_msg(_SECONDS)).data:
            chunks.append(message.data)
            if message.reply:
                await client.publish(message.reply)  # asks for more
        return StreamBackup(description, chunks)


async def delete_stream(url: str, stream: str) -> None:
    async with _connected(url) as client:
        await _ask(client, f"$JS.API.STREAM.DELETE.{stream}")


async def restore_stream(url: str, stream: str, backup: StreamBackup) -> None:
    async with _connected(url) as client:
        asked = {name: backup.description[name] for name in ("config", "state")}
        inbox = (await _ask(client, f"$JS.API.STREAM.RESTORE.{stream}", asked))["deliver_subject"]
        for chunk in backup.chunks:
            await client.request(inbox, chunk, timeout=_SECONDS)
        await _ask(client, inbox)


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Any]:
    client = await nats_client.connect(url)
    try:
        yield client
    finally:
        await client.close()  # as a context manager it would wait for half a minute


async def _ask(client: Any, subject: str, body: object = None) -> dict[str, Any]:
    payload = b"" if body is None else json.dumps(body).encode()
    answer: dict[str, Any] = json.loads((await client.request(subject, payload, timeout=_SECONDS)).data)
    assert "error" not in answer, answer
    return answer
