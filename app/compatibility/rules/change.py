"""A difference between two documents, and the smallest version bump (major, minor or patch) that the difference requires."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from app.specification.pointer import Pointer
from app.specification.version import Step


class Effect(Enum):
    """The effect of a difference on the set of allowed values.

    The string of an effect is the last word in the name of a rule, such as `pattern-loosened`.
    """

    REWORDED = "reworded"  # the meaning is the same
    EXTENDED = "extended"  # something is new, and readers have been asked to ignore whatever they do not know
    LOOSENED = "loosened"  # more values are allowed than before
    TIGHTENED = "tightened"  # fewer values are allowed than before
    CHANGED = "changed"  # each allows values that the other does not, or a name is gone that a client may use


class Direction(Enum):
    """The direction in which a value is sent: by clients in a request, by the server in a response, or both.

    The data of an event is sent in both directions: published in a request, and read in a response.
    """

    REQUEST = "request"
    RESPONSE = "response"
    BOTH = "both"


REQUIRED_STEPS: Final[dict[Direction, dict[Effect, Step]]] = {
    # A request may allow more: existing clients go on sending what they sent.
    Direction.REQUEST: {
        Effect.REWORDED: Step.PATCH,
        Effect.EXTENDED: Step.MINOR,
        Effect.LOOSENED: Step.MINOR,
        Effect.TIGHTENED: Step.MAJOR,
        Effect.CHANGED: Step.MAJOR,
    },
    # A response may allow less: existing clients understand what remains.
    Direction.RESPONSE: {
        Effect.REWORDED: Step.PATCH,
        Effect.EXTENDED: Step.MINOR,
        Effect.LOOSENED: Step.MAJOR,
        Effect.TIGHTENED: Step.MINOR,
        Effect.CHANGED: Step.MAJOR,
    },
    # An event is published in a request and read in a response: only an extension breaks neither.
    Direction.BOTH: {
        Effect.REWORDED: Step.PATCH,
        Effect.EXTENDED: Step.MINOR,
        Effect.LOOSENED: Step.MAJOR,
        Effect.TIGHTENED: Step.MAJOR,
        Effect.CHANGED: Step.MAJOR,
    },
}
"""The smallest version bump that a difference requires, by direction and effect."""


class Change(NamedTuple):
    """One difference between two documents.

    `rule`: the name of the rule that found the difference.
    `pointer`: the location of the difference.
    `step`: the version bump (major, minor or patch) that the difference requires.
    `what`: the old and the new value as text.
    """

    rule: str
    pointer: Pointer
    step: Step
    what: str
