"""Read the OpenAPI document from its YAML file; every value in the file must also be a JSON value."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent

from app.specification.errors import InvalidContract
from app.specification.pointer import DOCUMENT

# The document has 14. Without a bound, Python 3.11 raises RecursionError above 1,000 levels and 3.12 above 1,100, 3.13 reads 5,000,
# and at 100,000 each of them crashes, because PyYAML's composer recurses in C.
NESTING_LEVELS: Final = 100


def read_source(root: Path) -> dict[str, Any]:
    """Read and return the OpenAPI document `openapi/orders-events.yaml` from the directory `root`.

    Raises InvalidContract if the file cannot be read or is not a YAML mapping of JSON values.
    """
    path = root / DOCUMENT
    try:
        text = path.read_text("utf-8")
        _check_nesting(text)
        document = yaml.load(text, _JsonLoader)  # noqa: S506  # a SafeLoader, narrowed
        if not isinstance(document, dict):
            raise InvalidContract(f"{DOCUMENT} is not a mapping.")
        _check_nesting_of_aliases(document)
        json.dumps(document, allow_nan=False)
    except OSError as error:
        raise InvalidContract(f"{path} cannot be read: {error.strerror}.") from None
    except yaml.MarkedYAMLError as error:
        raise InvalidContract(f"{DOCUMENT}:{_line(error.problem_mark)}: {error.problem}.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise InvalidContract(f"{DOCUMENT} is not text in UTF-8 without control characters.") from None
    except (TypeError, ValueError) as error:
        raise InvalidContract(f"{DOCUMENT} holds a value that JSON cannot hold: {error}.") from None
    return document


def _check_nesting(text: str) -> None:
    level = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        level += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if level > NESTING_LEVELS:
            problem = f"the document is nested deeper than {NESTING_LEVELS} levels"
            raise InvalidContract(f"{DOCUMENT}:{_line(event.start_mark)}: {problem}.")


def _check_nesting_of_aliases(document: dict[str, Any]) -> None:
    """Raise InvalidContract if aliases nest values deeper than the text is nested, or without end."""
    level: list[Any] = [document]
    for _ in range(NESTING_LEVELS):
        within = (child for each in level for child in (each.values() if isinstance(each, dict) else each))
        level = list({id(each): each for each in within if isinstance(each, (dict, list))}.values())
        if not level:
            return
    raise InvalidContract(f"{DOCUMENT}: the document is nested deeper than {NESTING_LEVELS} levels by its aliases.")


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 1


class _JsonLoader(yaml.CSafeLoader):
    """A YAML loader that accepts only what JSON can express, and follows YAML 1.2.

    Repeated keys, and keys that are not strings, are errors. Unquoted words such as `no` and dates such as `2024-05-01` are
    strings.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                raise _refusal(key, f"the key {key.value!r} must be a string: put it in quotes")
            if key.value in seen:
                raise _refusal(key, f"the key {key.value!r} is given twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _refusal(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


# The core schema, https://yaml.org/spec/1.2.2/#103-core-schema, without the forms that JSON does not have.
_JsonLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(?:0|[1-9][0-9]*)", [*"-0123456789"]),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", [*"-0123456789"]),
):
    _JsonLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)
