"""Prove that an event which is raised to a later major and brought down again is the event that it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.specification.conversion.outcome import Unmapped, images
from app.specification.conversion.presence import ALWAYS, NEVER, Presence, follows, through
from app.specification.conversion.table import Place
from app.specification.conversion.template import (
    Constant,
    Filled,
    Mapped,
    Members,
    Node,
    Taken,
    expanded,
    is_plain_object,
)
from app.specification.pointer import write_pointer


def changed_place(raised: Members, lowered: Members, schema: Mapping[str, Any]) -> str | None:
    """Return a JSON pointer to a value that may change when an event goes up and down again; None if the event stays the same.

    `raised`: the template upwards, from data that `schema` allows. `lowered`: the template downwards, from what `raised` produces. Raises
    Unprovable if this one takes a value from within one that the other cannot look into.
    """
    place = _changed(_composed(lowered, raised), Taken((), schema, ALWAYS))
    return None if place is None else write_pointer(place)


def _composed(node: Node, raised: Members) -> Node | None:
    """Return a node of the template downwards with its values taken from what was raised; None if it never has a value then."""
    match node:
        case Taken(place):
            return _source(raised, place)
        case Constant(value, there):
            now = _through(there, raised)
            return None if now == NEVER else Constant(value, now)
        case Filled(inner, value, there):
            now, found = _through(there, raised), _composed(inner, raised)
            if found is None:
                return None if now == NEVER else Constant(value, now)
            return found if follows(found.there, now) else Filled(found, value, now)
        case Mapped(inner, values, otherwise):
            found = _composed(inner, raised)
            return None if found is None else Mapped(found, values, otherwise)
        case Members(members, origin):
            composed = {name: found for name, each in members.items() if (found := _composed(each, raised)) is not None}
            return Members(composed, origin and replace(origin, there=_through(origin.there, raised)))


def _source(raised: Node, place: Place) -> Node | None:
    """Return the node of the template upwards at a place; None if nothing is ever there."""
    node: Node | None = raised
    for name in place:
        if node is None:
            return None
        node = expanded(node).members.get(name)
    return node


def _through(presence: Presence, raised: Members) -> Presence:
    def at(place: Place) -> Presence:
        found = _source(raised, place)
        return NEVER if found is None else found.there

    return through(presence, at)


def _changed(node: Node | None, was: Taken) -> Place | None:
    """Return the place of a value that may differ from what it was; None if no value can."""
    match node:
        case Taken(place) if place == was.place:
            return None
        case Mapped() if _maps_to_itself(node, was):
            return None
        case Members(members) if node.there == was.there and is_plain_object(was.schema):
            before = expanded(was).members
            for name in {**before, **members}:
                part = before.get(name)
                found = _changed(members.get(name), part) if isinstance(part, Taken) else (*was.place, name)
                if found is not None:
                    return found
            return None
    return was.place


def _maps_to_itself(node: Node, was: Taken) -> bool:
    """Return whether a chain of mappings, taken from the place where the value was, gives each of its listed texts back."""
    mappings: list[Mapped] = []
    while isinstance(node, Mapped):
        mappings.insert(0, node)
        node = node.node
    if not isinstance(node, Taken) or node.place != was.place or "enum" not in was.schema:
        return False
    now = list(was.schema["enum"])
    try:
        for each in mappings:
            now = images(now, each.values, each.otherwise)
    except Unmapped:
        return False
    return now == list(was.schema["enum"])
