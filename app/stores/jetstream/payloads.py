"""The payload of a message: what an event consists of beside its owner and event id, which are in the subject.

The first line has the form's number, the event type, the schema version, the order id, and the tag of the request, separated by
tabs. The rest is the data of the event, one line of JSON. None of these values contains a tab or a line end.
"""

from __future__ import annotations

import secrets
from typing import Final, NamedTuple

from app.events.errors import StoreUnavailable
from app.events.event import Event, StoredEvent
from app.events.position import Epochs
from app.stores.jetstream.subjects import read_subject

_FORM: Final = "1"
_SEPARATOR: Final = "\t"
_TAG_BYTES: Final = 9  # 72 random bits: two requests practically never have the same tag


class Message(NamedTuple):
    """One message of a stream: its sequence, the time at which the server stored it in nanoseconds since 1970, and its content."""

    sequence: int
    stored_at_ns: int
    subject: str
    payload: bytes


def new_tag() -> str:
    """Return a random tag for one request to store events. It distinguishes the events of this request from equal events of
    another request, if an acknowledgement is lost.
    """
    return secrets.token_urlsafe(_TAG_BYTES)


def write_payload(event: Event, tag: str) -> bytes:
    order_id = event.order_id or ""
    return f"{_FORM}\t{event.event_type}\t{event.schema_version}\t{order_id}\t{tag}\n{event.data}".encode()


def tag_of(payload: bytes) -> str:
    """Return the tag of the request that stored the message with this payload."""
    return payload.partition(b"\n")[0].decode().rpartition(_SEPARATOR)[2]


def read_message(message: Message, epochs: Epochs, not_before_us: int = 0) -> StoredEvent:
    """Return the event of a message. Raises StoreUnavailable if the message is not an event, or its form is newer than this
    software.

    `epochs`: the epochs of the log. They decide to which one the event belongs: its subject has another one if it was stored after its
    stream had been restored from a backup, and before a node noticed it. `not_before_us`: the time at which the event before was
    stored; the event is not given an earlier one.
    """
    try:
        _, (owner, event_id) = read_subject(message.subject)
        header, _, data = message.payload.decode().partition("\n")
        event_type, schema_version, order_id, _ = _known_form(header).split(_SEPARATOR)
    except ValueError:
        raise StoreUnavailable(f"The message at offset {message.sequence} cannot be read as an event.") from None
    return StoredEvent(
        message.sequence,
        epochs.of_event(message.sequence),
        event_type,
        schema_version,
        event_id,
        order_id or None,
        max(message.stored_at_ns // 1000, not_before_us),
        data,
        owner,
    )


def _known_form(header: str) -> str:
    """Return a header without the number of its form. Raises ValueError if the form is not known."""
    form, _, rest = header.partition(_SEPARATOR)
    if form != _FORM:
        raise ValueError(form)
    return rest
