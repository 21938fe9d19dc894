"""Describe in words what changed between two versions of a schema; whether the change is allowed is checked elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

TEXTS: Final = frozenset({"title", "description", "$id", "$schema"})
"""Keywords that are only for people, or that name the schema itself."""


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the differences between two versions of a schema as Markdown sentences, in the order of the new schema."""
    found = list(_changes("", old, new))
    return found or ["Only descriptions were reworded."]


def _changes(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    yield from _properties(path, old, new)
    for keyword in dict.fromkeys((*new, *old)):
        if keyword in TEXTS or keyword in {"properties", "required", "items"} or old.get(keyword) == new.get(keyword):
            continue
        yield _keyword(path or "the data", keyword, old, new)
    if "items" in old and "items" in new:
        yield from _changes(f"{path}[]", old["items"], new["items"])


def _properties(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in dict.fromkeys((*after, *before)):
        here = f"{path}.{name}" if path else name
        must, had_to = name in new.get("required", ()), name in old.get("required", ())
        if name not in before:
            yield f"`{here}` is new and {'required' if must else 'optional'}."
        elif name not in after:
            yield f"`{here}` was removed."
        else:
            if must is not had_to:
                yield f"`{here}` is now {'required' if must else 'optional'}."
            yield from _changes(here, before[name], after[name])


def _keyword(path: str, keyword: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    where = f"`{path}`" if path != "the data" else path
    if keyword not in old:
        return f"The `{keyword}` of {where} is new: `{json.dumps(new[keyword])}`."
    if keyword not in new:
        return f"The `{keyword}` of {where} was removed; it was `{json.dumps(old[keyword])}`."
    return f"The `{keyword}` of {where} was `{json.dumps(old[keyword])}`, and is now `{json.dumps(new[keyword])}`."
