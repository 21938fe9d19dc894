"""What a difference between two versions is, and the least step of the version that it needs."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from app.specification.pointer import Pointer
from app.specification.version import Step


class Effect(Enum):
    """What a difference does to what may be said; its value is the last word of the rule's name."""

    REWORDED = "reworded"  # the same in other words
    EXTENDED = "extended"  # something new, which those who do not know it are told to ignore
    LOOSENED = "loosened"  # more is allowed than before
    TIGHTENED = "tightened"  # less is allowed than before
    CHANGED = "changed"  # neither allows all that the other does, or a name is gone that someone may use


class Direction(Enum):
    """Who says it: clients in a request, the server in a response, or first the one and then the other."""

    REQUEST = "request"
    RESPONSE = "response"
    BOTH = "both"


REQUIRED_STEPS: Final[dict[Direction, dict[Effect, Step]]] = {
    # What clients say may become more: those that exist go on saying what they said.
    Direction.REQUEST: {
        Effect.REWORDED: Step.PATCH,
        Effect.EXTENDED: Step.MINOR,
        Effect.LOOSENED: Step.MINOR,
        Effect.TIGHTENED: Step.MAJOR,
        Effect.CHANGED: Step.MAJOR,
    },
    # What the server says may become less: clients that exist understand it as before.
    Direction.RESPONSE: {
        Effect.REWORDED: Step.PATCH,
        Effect.EXTENDED: Step.MINOR,
        Effect.LOOSENED: Step.MAJOR,
        Effect.TIGHTENED: Step.MINOR,
        Effect.CHANGED: Step.MAJOR,
    },
    # An event is published in a request and read in a response: only an extension leaves both sides whole.
    Direction.BOTH: {
        Effect.REWORDED: Step.PATCH,
        Effect.EXTENDED: Step.MINOR,
        Effect.LOOSENED: Step.MAJOR,
        Effect.TIGHTENED: Step.MAJOR,
        Effect.CHANGED: Step.MAJOR,
    },
}
"""The least step that a difference needs, by who says it and by what it does."""


class Change(NamedTuple):
    """One difference: the rule that speaks of it, where it is, the least step that it needs, and what was and is there."""

    rule: str
    pointer: Pointer
    step: Step
    what: str
