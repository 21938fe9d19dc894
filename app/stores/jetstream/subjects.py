"""The subject of an event: `STREAM.<epoch>.<owner>.<event id>`, a text from which owner and event id can be read again.

A NATS subject consists of tokens between dots. A token must not be empty, and has no dot, space or wildcard (`*`, `>`). So every
character but letters, digits, `_`, `-` and `:` is percent-encoded (RFC 3986 section 2.1), and `%` alone stands for the empty text.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote

from app.events.event import EventKey

EMPTY: Final = "%"  # never the encoding of a text: a percent sign in a text becomes %25
_PLAIN = re.compile(r"[0-9A-Za-z_:-]+", re.ASCII)  # most ids; matching costs a tenth of encoding


def subject_of(stream: str, epoch: str, key: EventKey) -> str:
    """Return the subject of the event with an owner and event id, in an epoch. Two different events never have the same subject."""
    owner, event_id = key
    return f"{stream}.{epoch}.{_token(owner)}.{_token(event_id)}"


def subjects_of_epoch(stream: str, epoch: str) -> str:
    """Return the pattern that all subjects of an epoch match."""
    return f"{stream}.{epoch}.*.*"


def read_subject(subject: str) -> tuple[str, EventKey]:
    """Return the epoch and the key (owner and event id) of the event with this subject. Raises ValueError if it is not one."""
    _, epoch, owner, event_id = subject.split(".")
    return epoch, (_text(owner), _text(event_id))


def _token(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    if not text:
        return EMPTY
    encoded = quote(text, safe=":", errors="surrogatepass")
    return encoded.replace(".", "%2E").replace("~", "%7E")


def _text(token: str) -> str:
    if token == EMPTY:
        return ""
    return unquote(token, errors="surrogatepass") if "%" in token else token
