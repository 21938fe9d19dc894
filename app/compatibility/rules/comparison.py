"""Two values to compare: at the same location of the released document (before) and of the present document (now)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.compatibility.rules.change import REQUIRED_STEPS, Change, Direction, Effect
from app.specification.pointer import Pointer, lookup, parse_reference
from app.specification.schema.messages import cut

ABSENT: Final = object()
"""The value of a member that does not exist; null would be a value."""

_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Documents:
    """The released and the present document that are compared; references are looked up in these documents.

    `open_names`: the names of event types and problem types. An enumeration or union may gain such a name in a minor version,
    because the contract asks consumers to ignore unknown event types and problem types.
    `compared`: the components that have been compared already, each with its direction (request, response or both), and with
    whether its allowed values had to stay the same.
    """

    before: Mapping[str, Any] = field(default_factory=dict)
    now: Mapping[str, Any] = field(default_factory=dict)
    open_names: frozenset[str] = frozenset()
    compared: set[tuple[Pointer, Direction, bool]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The values at one JSON pointer in the released document (`before`) and in the present document (`now`).

    Either value is ABSENT if its document has no value at the pointer.
    `direction`: whether the value is sent in requests, in responses or in both; the required version bump depends on this.
    `exact`: whether clients break as soon as other values are allowed than before, be they more or fewer (see `alternatives`).
    """

    before: Any
    now: Any
    pointer: Pointer
    direction: Direction
    documents: Documents = field(default_factory=Documents, compare=False)
    exact: bool = False

    @property
    def differs(self) -> bool:
        return not same(self.before, self.now)

    def member(self, name: str) -> Comparison:
        before, now = (ABSENT if each is ABSENT else each.get(name, ABSENT) for each in (self.before, self.now))
        return replace(self, before=before, now=now, pointer=(*self.pointer, name))

    def on(self, direction: Direction | None) -> Comparison:
        return replace(self, direction=direction or self.direction)

    def followed(self) -> Comparison | None:
        """Return this comparison with each `$ref` replaced by its target; None if the target has been compared already.

        A component to which several references lead is compared only once, so its differences are reported once, at the
        component's pointer.
        """
        before, now = (_reference(each) for each in (self.before, self.now))
        if before is None and now is None:
            return self
        found = replace(
            self,
            before=self.before if before is None else lookup(self.documents.before, *parse_reference(before)),
            now=self.now if now is None else lookup(self.documents.now, *parse_reference(now)),
        )
        if before is None or before != now:
            return found.followed()
        pointer = parse_reference(before)
        if (pointer, self.direction, self.exact) in self.documents.compared:
            return None
        self.documents.compared.add((pointer, self.direction, self.exact))
        return replace(found, pointer=pointer).followed()

    def change(self, effect: Effect, rule: str | None = None, what: str | None = None) -> Change:
        """Return this difference as a Change with the version bump that it requires.

        `rule`: the name of the rule; by default the name of the member and the effect, such as `pattern-loosened`.
        `what`: the description of the difference; by default the old and the new value.
        """
        if self.exact and effect is not Effect.REWORDED:
            effect = Effect.CHANGED
        name = rule or f"{_kebab(str(self.pointer[-1]))}-{effect.value}"
        return Change(
            name, self.pointer, REQUIRED_STEPS[self.direction][effect], what or _described(self.before, self.now)
        )


def same(before: Any, now: Any) -> bool:
    """Return whether two values are equal as JSON, in which true and 1 differ, although True == 1 in Python."""
    if before is ABSENT or now is ABSENT:
        return before is now
    return bool(before == now) and canonical(before) == canonical(now)


def canonical(value: Any) -> str:
    """Return a value as JSON text with sorted keys, so that equal values have equal texts."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _reference(node: Any) -> str | None:
    reference = node.get("$ref") if isinstance(node, Mapping) else None
    return reference if isinstance(reference, str) else None


def _described(before: Any, now: Any) -> str:
    if before is ABSENT:
        return f"is new: {_shown(now)}"
    if now is ABSENT:
        return f"is gone; it was {_shown(before)}"
    return f"was {_shown(before)}, is {_shown(now)}"


def _shown(value: Any) -> str:
    return cut(canonical(value), _SHOWN_CHARACTERS)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])[A-Z]", lambda capital: f"-{capital[0]}", name).lower().lstrip("$")
