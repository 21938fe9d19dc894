"""The words that follow from the name of an event type: what a new contract calls its events, their key and its examples."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from app.specification.contracts import CONTROL_PREFIX, EVENT_TYPE
from app.specification.derived.python_types import class_name

_PLURALS: Final = ((r"(?<=[^aeiou])y$", "ies"), (r"(s|x|z|ch|sh)$", r"\1es"), (r"$", "s"))


@dataclass(frozen=True, slots=True)
class EventNames:
    """The words of an event type, such as `parcel.delivered`: a subject, and what has happened to it.

    `subject`: the part before the first dot, such as "parcel". `happened`: the last part, such as "delivered".
    """

    event_type: str
    subject: str
    happened: str

    @property
    def component(self) -> str:
        """The name of the event type in components of the document, such as ParcelDelivered."""
        return class_name(self.event_type)

    @property
    def member(self) -> str:
        """The name of the event type as that of an example in the document, such as parcelDelivered."""
        return _begin_lower(self.component)

    @property
    def key(self) -> str:
        """The property of the data that has the key of the event, such as parcelId."""
        return f"{_begin_lower(class_name(self.subject))}Id"

    @property
    def words(self) -> str:
        """The subject in words, such as "parcel"; of `rental_car` it is "rental car"."""
        return self.subject.replace("_", " ")

    @property
    def plural(self) -> str:
        pattern, ending = next(each for each in _PLURALS if re.search(each[0], self.words))
        return re.sub(pattern, ending, self.words, count=1)

    @property
    def sentence(self) -> str:
        """What has happened, in the words of the event type, such as "Parcel delivered"."""
        return re.sub(r"[._]", " ", self.event_type).capitalize()

    @property
    def title(self) -> str:
        """The title of the contract, such as "Parcel Events"."""
        return f"{self.words.title()} Events"


def names_of(event_type: str) -> EventNames:
    """Return the words of an event type. Raises ValueError if it is not a name for one that producers publish."""
    if not EVENT_TYPE.fullmatch(event_type):
        raise ValueError(
            f"{event_type!r} is not an event type such as parcel.delivered: words of a-z, 0-9 and _, with a dot between them."
        )
    if event_type.startswith(CONTROL_PREFIX):
        raise ValueError(f"{event_type!r} is the name of a control event, because it begins with {CONTROL_PREFIX!r}.")
    words = event_type.split(".")
    return EventNames(event_type, words[0], words[-1])


def _begin_lower(name: str) -> str:
    return name[:1].lower() + name[1:]
