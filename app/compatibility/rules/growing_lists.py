"""The rules for lists of values and of alternatives, which may grow within a major version if the contract announced that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.compatibility.rules import effects
from app.compatibility.rules.allowed_values import proved
from app.compatibility.rules.change import Change, Effect
from app.compatibility.rules.comparison import ABSENT, Comparison, canonical

GROWS: Final = "x-extensible"
"""A keyword beside `enum`, `oneOf` or `anyOf`: the list may grow within a major version, and readers must expect that."""


def enum(parent: Comparison, name: str) -> Iterator[Change]:
    """Compare two lists of values; yield the changes."""
    comparison = parent.member(name)
    if comparison.before is ABSENT or comparison.now is ABSENT:
        yield comparison.change(proved(parent, effects.constraint(comparison.before, comparison.now)))
        return
    before, now = ({_as_value(each): each for each in values} for values in (comparison.before, comparison.now))
    added, removed = [now[key] for key in now if key not in before], [before[key] for key in before if key not in now]
    if added:
        effect = Effect.EXTENDED if _may_grow(parent, added) else Effect.LOOSENED
        yield comparison.change(effect, "enum-value-added", f"gains {listed(added)}")
    if removed:
        # This breaks clients even in a response: generated code has a name for each value.
        yield comparison.change(Effect.CHANGED, "enum-value-removed", f"loses {listed(removed)}")


def announced(parent: Comparison, alternative: Any) -> bool:
    """Return whether readers have been asked to expect a new alternative of `anyOf` or `oneOf`."""
    return _may_grow(parent, _names_in_mapping(parent.now, alternative))


def _names_in_mapping(schema: Mapping[str, Any], alternative: Mapping[str, Any]) -> list[str]:
    mapping: dict[str, str] = schema.get("discriminator", {}).get("mapping", {})
    return [name for name, reference in mapping.items() if reference == alternative.get("$ref")]


def _may_grow(parent: Comparison, names: list[Any]) -> bool:
    declared = parent.before.get(GROWS) is True
    return declared or (bool(names) and all(name in parent.documents.open_names for name in map(str, names)))


def _as_value(value: Any) -> str:
    """Return a value as a text that equal values have: 1 and 1.0 are equal in JSON Schema."""
    return canonical(int(value) if isinstance(value, float) and value.is_integer() else value)


def listed(values: list[Any]) -> str:
    return ", ".join(map(canonical, values))
