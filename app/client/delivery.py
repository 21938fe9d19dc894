"""What of a stream reaches the caller: events always; gaps and checkpoints as he chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

from .errors import EventsLost
from .events import Checkpoint, Gap, OrderEvent

Gaps: TypeAlias = Literal["raise", "yield"]
Checkpoints: TypeAlias = Literal["skip", "yield"]
Told: TypeAlias = OrderEvent | Gap | Checkpoint
"""What a stream says that a caller may want to know."""


def delivery(gaps: Gaps, checkpoints: Checkpoints) -> Callable[[Told], Told | None]:
    """Choose what to make of what a stream says: a value, nothing, or EventsLost. Raises ValueError where that is no choice."""
    _check("gaps", gaps, get_args(Gaps))
    _check("checkpoints", checkpoints, get_args(Checkpoints))

    def deliver(told: Told) -> Told | None:
        if isinstance(told, Gap) and gaps == "raise":
            raise EventsLost(told)
        if isinstance(told, Checkpoint) and checkpoints == "skip":
            return None
        return told

    return deliver


def _check(name: str, choice: str, choices: tuple[str, ...]) -> None:
    if choice not in choices:
        raise ValueError(f"{choice!r} is no choice for {name}; it must be one of {', '.join(map(repr, choices))}.")
