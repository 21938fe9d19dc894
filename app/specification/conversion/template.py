"""Templates: where each value of converted data comes from, found by applying a table to a schema instead of to data.

What cannot be known from the schema alone is refused: a step that names a place which the schema does not have, that would overwrite
another value, or that leads into an array or an object which is not closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from app.specification.conversion.presence import ALWAYS, Presence, any_of, follows
from app.specification.conversion.table import Drop, Map, Move, Place, Set, Step, Table
from app.specification.errors import InvalidContract
from app.specification.pointer import write_pointer
from app.specification.strict_json import JsonValue

_OF_PLAIN_OBJECTS: Final = frozenset({"type", "properties", "required", "additionalProperties"})
_WORDS: Final = frozenset(
    {"$schema", "$id", "title", "description", "default", "example", "deprecated", "externalDocs"}
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A value that is taken as it is from `place` of the source. `schema`: the schema that it has there; `there`: when it is there."""

    place: Place
    schema: Mapping[str, Any]
    there: Presence


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value for every event."""

    value: JsonValue
    there: Presence


@dataclass(frozen=True, slots=True)
class Filled:
    """The value of a node, or `value` if the node has none; `there` says when one of the two is there."""

    node: Node
    value: JsonValue
    there: Presence


@dataclass(frozen=True, slots=True)
class Mapped:
    """The text of a node, replaced by its value in `values`; by `otherwise[0]` if it has none there."""

    node: Node
    values: Mapping[str, JsonValue]
    otherwise: tuple[JsonValue, ...]

    @property
    def there(self) -> Presence:
        return self.node.there


@dataclass(frozen=True, slots=True)
class Members:
    """An object with its members. `origin`: the object of the source that it was, or that a step has set; None if only moves made it.

    It is there if its origin is, or if one of its members is: a step that moves a value into it makes it if there is none.
    """

    members: Mapping[str, Node]
    origin: Taken | Constant | None = None

    @property
    def there(self) -> Presence:
        present = [each.there for each in self.members.values()]
        return any_of(present if self.origin is None else [self.origin.there, *present])


Node: TypeAlias = Taken | Constant | Filled | Mapped | Members


class Unprovable(Exception):
    """Raised when a step cannot be applied to every event that the schema allows; the message begins with a verb."""


def apply_table(table: Table, schema: Mapping[str, Any]) -> Members:
    """Apply a table to all data that a schema allows. Raises InvalidContract, naming the step, if that cannot be done."""
    if not is_plain_object(schema):
        raise InvalidContract(
            f"{table.path}: the schema of the event must be a closed object, described by its properties alone."
        )
    tree = expanded(Taken((), schema, ALWAYS))
    for number, step in enumerate(table.steps, start=1):
        tree = _after_step(tree, number, step, table)
    return tree


def _after_step(tree: Members, number: int, step: Step, table: Table) -> Members:
    try:
        return _applied(tree, step)
    except Unprovable as error:
        raise InvalidContract(f"{table.path}: step {number} {error}.") from None


def expanded(node: Node | None) -> Members:
    """Return an object as a node for each of its properties. Raises Unprovable if its schema does not list them all."""
    match node:
        case Members():
            return node
        case Constant(dict(value), there):
            return Members({name: Constant(each, there) for name, each in value.items()}, node)
        case Filled(inner, value, there):
            return _expanded_filled(inner, Constant(value, there))
        case Taken(_, schema) if is_plain_object(schema):
            return _expanded_taken(node)
    raise Unprovable("leads into a value that is not a closed object with a list of properties alone")


def _expanded_filled(node: Node, otherwise: Constant) -> Members:
    """Expand the object of a node, or the one that is set where it has none: this one stays there when its members are moved away."""
    # A member that is set only where there was no object cannot be expressed: presence knows what is there, and not what is not.
    if otherwise.value != {} and not follows(node.there, otherwise.there):
        raise Unprovable("leads into an object that is set where there may be one; set {} there, and then each member")
    return Members(expanded(node).members, otherwise)


def _expanded_taken(node: Taken) -> Members:
    required = node.schema.get("required", ())
    members: dict[str, Node] = {}
    for name, part in node.schema.get("properties", {}).items():
        place = (*node.place, name)
        there = node.there if name in required else frozenset(case | {place} for case in node.there)
        members[name] = Taken(place, part, there)
    return Members(members, node)


def is_plain_object(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema describes a closed object by its properties and by nothing else, so that steps may go into it."""
    rules = {keyword for keyword in schema if not keyword.startswith("x-")} - _WORDS
    closed = schema.get("type") == "object" and schema.get("additionalProperties") is False
    return closed and rules <= _OF_PLAIN_OBJECTS


def optional_places(table: Table, schema: Mapping[str, Any]) -> list[Place]:
    """Return the places of the source whose values the steps of a table treat, as far as no value need be there."""
    tree = expanded(Taken((), schema, ALWAYS))
    places = []
    for number, step in enumerate(table.steps, start=1):
        node = _at(tree, step.place)
        source = node.origin if isinstance(node, Members) else node
        if isinstance(source, Taken) and source.there != ALWAYS:
            places.append(source.place)
        tree = _after_step(tree, number, step, table)
    return places


def _applied(tree: Members, step: Step) -> Members:
    match step:
        case Move(place, target):
            found = _found(tree, place)
            without = _with(tree, place, None)
            if _at(without, target) is not None:
                raise Unprovable(f"moves to {write_pointer(target)}, where there is a value already")
            return _with(without, target, found, make=True)
        case Drop(place):
            _found(tree, place)
            return _with(tree, place, None)
        case Set(place, value):
            around = _at(tree, place[:-1])
            if around is None:
                raise Unprovable(f"sets {write_pointer(place)}, but there is no object around it")
            node = _at(tree, place)
            filled = Constant(value, around.there) if node is None else Filled(node, value, around.there)
            return _with(tree, place, filled)
        case Map(place, values, otherwise):
            return _with(tree, place, Mapped(_found(tree, place), values, otherwise))


def _found(tree: Members, place: Place) -> Node:
    node = _at(tree, place)
    if node is None:
        raise Unprovable(f"names {write_pointer(place)}, which is not there")
    return node


def _at(tree: Node, place: Iterable[str]) -> Node | None:
    node: Node | None = tree
    for name in place:
        node = None if node is None else expanded(node).members.get(name)
    return node


def _with(tree: Node | None, place: Place, node: Node | None, *, make: bool = False) -> Members:
    """Return a tree with another node at a place; None takes it out. `make`: whether objects around it are made if there are none."""
    around = Members({}) if tree is None and make else expanded(tree)
    name, *within = place
    inner = _with(around.members.get(name), tuple(within), node, make=make) if within else node
    others = {each: value for each, value in around.members.items() if each != name}
    return replace(around, members=others if inner is None else {**others, name: inner})
