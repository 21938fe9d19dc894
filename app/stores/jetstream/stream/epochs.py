"""The epochs of a stream and its id key, in the metadata of the stream; and how a new epoch begins.

An epoch ends when the stream no longer takes its subjects: the servers then refuse events that a node still stores under it.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.events.log.event_store import ID_KEY_BYTES
from app.events.position import EPOCH_ALPHABET, EPOCH_LENGTH, Epoch, Epochs, new_epoch
from app.stores.jetstream.errors import ApiRefused, NoRecord
from app.stores.jetstream.stream.stream_api import StreamApi, StreamInfo, nanoseconds
from app.stores.jetstream.subjects import subjects_of_epoch

EPOCHS: Final = "orders-events.epochs"
ID_KEY: Final = "orders-events.id-key"
CREATED: Final = "orders-events.created"
"""The time at which the servers created the stream. A stream that they restore from a backup has its old metadata, and is created anew."""
_SETTLE_SECONDS: Final = 0.25  # events that the leader had taken before the fence are stored within this time
# A node that began an epoch and died is finished by another; the claim is removed after this time.
_CLAIM_SECONDS: Final = 300
_NAME_TAKEN: Final = 10148
_AGREED: Final = "orders-events.epoch"


def first_metadata() -> dict[str, str]:
    """Return the metadata of a new stream: its first epoch, and a new id key."""
    return {EPOCHS: _write([new_epoch(1)]), ID_KEY: secrets.token_hex(ID_KEY_BYTES)}


def read_epochs(metadata: Mapping[str, str]) -> Epochs:
    """Return the epochs of a stream, oldest first. Raises NoRecord if they are not there."""
    try:
        pairs = (record.partition(":") for record in metadata[EPOCHS].split(","))
        return Epochs([Epoch(name, int(first_offset)) for name, _, first_offset in pairs])
    except (KeyError, ValueError):
        raise NoRecord from None


def read_id_key(metadata: Mapping[str, str]) -> bytes:
    """Return the key of the opaque ids. Raises NoRecord if it is not there."""
    try:
        return bytes.fromhex(metadata[ID_KEY])
    except (KeyError, ValueError):
        raise NoRecord from None


def is_restored(info: StreamInfo) -> bool:
    """Return whether the servers have restored the stream from a backup since its last epoch began.

    False if there is no record of its creation: it was made by an older version of this software.
    """
    return info.metadata.get(CREATED, info.created) != info.created


async def record_creation(api: StreamApi, info: StreamInfo) -> StreamInfo:
    """Record in a new stream when the servers created it."""
    config = writable(info.config)
    return await api.update({**config, "metadata": {**config["metadata"], CREATED: info.created}})


async def begin_epoch(api: StreamApi, info: StreamInfo, replaced_from: int | None = None) -> None:
    """Begin the epoch that follows the last one of `info`: fence the old one, then record the new one.

    Events that were stored in the places of lost ones get an epoch of their own before it: in the old one, their ids would be those of
    lost events. They are those from the sequence `replaced_from` on, and those that were stored since a restore from a backup.

    All nodes that do so at the same time begin the same epochs, however late one of them is: the servers do not compare before they
    update, so an update that was overtaken must write what is written already. Raises Unanswered, Forbidden or ApiRefused; calling
    it again finishes what was begun.
    """
    epochs = read_epochs(info.metadata)
    name = await _agreed(api, f"epoch-after-{epochs.open.name}", new_epoch(1).name)
    current = await api.info()
    if read_epochs(current.metadata) != epochs:
        return  # another node has begun the epoch meanwhile
    fenced = {**writable(current.config), "subjects": [subjects_of_epoch(api.stream, name)]}
    await api.update(fenced)
    first_offset = 1 + await _settled_last(api)
    stored_since = await _first_since(api, info.created) if is_restored(info) else first_offset
    begun = _after(epochs, Epoch(name, first_offset), min(stored_since, replaced_from or first_offset))
    record = await _agreed(api, f"record-of-{name}", _write(begun))
    await api.update({**fenced, "metadata": {**fenced["metadata"], EPOCHS: record, CREATED: info.created}})


def _after(epochs: Epochs, new: Epoch, replaced_from: int) -> list[Epoch]:
    """Return epochs with a new one after them, and one before that for what was stored in the places of lost events, if there is any."""
    if replaced_from >= new.first_offset:
        return [*epochs, new]
    between = Epoch(_name_before(new.name), replaced_from)
    return [*sorted([*epochs, between], key=lambda epoch: epoch.first_offset), new]


def writable(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration without the metadata that servers add themselves."""
    metadata = {name: text for name, text in config.get("metadata", {}).items() if not name.startswith("_nats.")}
    return {**config, "metadata": metadata}


def _write(epochs: Iterable[Epoch]) -> str:
    return ",".join(f"{epoch.name}:{epoch.first_offset}" for epoch in epochs)


async def _agreed(api: StreamApi, claim: str, proposal: str) -> str:
    """Return what the first node that made a claim of this name has proposed: the same text for all nodes that ask.

    The servers create a consumer of one name only once, and that consumer's metadata has the text.
    """
    config = {
        "name": claim,
        "deliver_policy": "new",
        "ack_policy": "explicit",
        "inactive_threshold": _CLAIM_SECONDS * 10**9,
        "metadata": {_AGREED: proposal},
    }
    try:
        await api.create_consumer(config, claim, "create")
    except ApiRefused as error:
        if error.code != _NAME_TAKEN:
            raise
        agreed: str = (await api.consumer(claim))["config"]["metadata"][_AGREED]
        return agreed
    return proposal


def _name_before(name: str) -> str:
    """Return the name of the epoch before the epoch `name`: the same name for all nodes, and as good as random."""
    digest = hashlib.sha256(name.encode()).digest()
    return "".join(EPOCH_ALPHABET[byte % len(EPOCH_ALPHABET)] for byte in digest[:EPOCH_LENGTH])


async def _first_since(api: StreamApi, created: str) -> int:
    """Return the sequence of the first message that was stored after the stream was created; that of the next one if there is none."""
    info, created_ns = await api.info(), nanoseconds(created)
    low, high = max(info.first, 1), info.last + 1
    while low < high:
        middle = (low + high) // 2
        message = await api.message(middle)
        if message is not None and message.stored_at_ns >= created_ns:
            high = middle
        else:  # a message that is None was deleted meanwhile, as the oldest ones are
            low = middle + 1
    return low


async def _settled_last(api: StreamApi) -> int:
    """Return the sequence of the newest message, once no further one comes."""
    last, newest = -1, (await api.info()).last
    while newest != last:
        await asyncio.sleep(_SETTLE_SECONDS)
        last, newest = newest, (await api.info()).last
    return newest
