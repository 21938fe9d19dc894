"""Write event schemas as Python types: for each event type a TypedDict for the event's data, and a class for the whole event.

The types contain only facts on which a consumer may rely, so they allow more values than the schemas: patterns, formats and
lengths are left out, and an enumeration to which values may be added later is written as `str`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

CLIENT: Final = "orders_events_client"  # the import name of the installed client

_HEAD: Final = '''\
"""The released event types, written by `orders-events types`; an event of a newer type is an `OrderEvent`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import {names}

from {module} import OrderEvent

__all__ = [
{exported}
]
'''
_SCALARS: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


def python_types(schemas: Mapping[str, Schema], module: str = CLIENT) -> str:
    """Return the source text of a Python module that defines the types of the given events.

    `schemas`: for each event type, the newest schema of its data.
    `module`: the name of the module from which the generated module imports `OrderEvent`.
    """
    blocks = [block for event_type, schema in schemas.items() for block in _event(event_type, schema)]
    exported = sorted(
        name for event_type in schemas for name in (class_name(event_type), f"{class_name(event_type)}Data")
    )
    table = "\n".join(f'    "{event_type}": {class_name(event_type)},' for event_type in schemas)
    blocks.append(f"EVENT_CLASSES: Final[Mapping[str, type[OrderEvent]]] = {{\n{table}\n}}\n")
    text = "\n\n".join(blocks)
    names = [name for name in ("Any", "Final", "Literal", "NotRequired", "TypedDict") if name in text]
    head = _HEAD.format(
        module=module, names=", ".join(names), exported="\n".join(f'    "{name}",' for name in exported)
    )
    return f"{head}\n\n{text}"


def class_name(name: str) -> str:
    """Return the Python class name for an event type or a property: OrderShipped for order.shipped, Weight for weight."""
    words = name.replace(".", "_").split("_")
    return "".join(word[:1].upper() + word[1:] for word in words)


def _event(event_type: str, schema: Schema) -> Iterator[str]:
    name = class_name(event_type)
    yield from _typed_dict(f"{name}Data", schema)
    yield (
        f"@dataclass(frozen=True, slots=True)\nclass {name}(OrderEvent):\n    {_docstring(schema)}\n\n"
        f'    event_type: Literal["{event_type}"]\n    data: {name}Data\n'
    )


def _typed_dict(name: str, schema: Schema) -> Iterator[str]:
    """Yield the source text of a TypedDict for an object schema, after the TypedDicts for the objects nested in it."""
    required = schema.get("required", ())
    lines = []
    for key, value in schema.get("properties", {}).items():
        yield from _nested(name + class_name(key), value)
        written = _written(name + class_name(key), value)
        lines.append(f"    {key}: {written if key in required else f'NotRequired[{written}]'}")
        lines += [f"    {_docstring(value)}"] if "description" in value else []
    yield "\n".join([f"class {name}(TypedDict):", f"    {_docstring(schema)}", "", *lines]) + "\n"


def _nested(name: str, schema: Schema) -> Iterable[str]:
    if schema.get("type") == "array":
        return _nested(name, schema.get("items", {}))
    return _typed_dict(name, schema) if _has_members(schema) else ()


def _written(name: str, schema: Schema) -> str:
    match schema:
        case {"enum": list(values)} if not schema.get("x-extensible"):
            return f"Literal[{', '.join(map(_literal, values))}]"
        case {"type": "array"}:
            return f"list[{_written(name, schema.get('items', {}))}]"
        case {"type": "object"}:
            return name if _has_members(schema) else "dict[str, Any]"
        case {"type": str(kind)}:
            return _SCALARS[kind]
        case _:
            return "Any"


def _has_members(schema: Schema) -> bool:
    return schema.get("type") == "object" and bool(schema.get("properties"))


def _literal(value: object) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if isinstance(value, str) else repr(value)


def _docstring(schema: Schema) -> str:
    text = " ".join(str(schema.get("description", "")).split()).replace("\\", "\\\\").replace('"', "'")
    return f'"""{text or schema.get("title", "Data.")}"""'
