"""Copy the event schemas from their files into the OpenAPI document, and resolve references. Nothing is fetched over the network.

A component that consists only of a reference to an event contract is replaced by the schema in that contract. The component keeps
its name, so code that is generated from the document has a class of that name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from app.specification.contracts import Contracts
from app.specification.errors import UnknownEventType
from app.specification.pointer import Pointer, contract_error, parse_reference

CONTRACT = re.compile(r"\.\./contracts/(?P<event_type>[^/]+)/(?P<version>[^/]+)/schema\.json")
"""The only kind of reference that may lead out of the document."""


def bundle(source: Mapping[str, Any], contracts: Contracts) -> dict[str, Any]:
    """Return the document with every reference to an event contract replaced by the schema in that contract.

    Only references within the document (`#/...`) are left. Raises InvalidContract if a reference is wrong.
    """
    return {key: _bundled(value, (key,), contracts) for key, value in source.items()}


def inline(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with every reference (`#/...`) replaced by the value that it refers to.

    If several references have the same target, the result contains one shared object, not copies. Raises InvalidContract if a
    reference has no target, or if following references leads back to the same reference.
    """
    inlining = _Inlining(document)
    return {key: inlining.of(value, (key,), ()) for key, value in document.items()}


def resolved(node: Any, document: Mapping[str, Any]) -> Any:
    """Return a part of a document with every reference replaced, as `inline` does it. Raises InvalidContract in the same cases."""
    return _Inlining(document).of(node, (), ())


def _bundled(node: Any, pointer: Pointer, contracts: Contracts) -> Any:
    match node:
        case {"$ref": str(reference)} if not reference.startswith("#/"):
            return _schema(reference, pointer, contracts)
        case dict():
            return {key: _bundled(value, (*pointer, key), contracts) for key, value in node.items()}
        case list():
            return [_bundled(value, (*pointer, index), contracts) for index, value in enumerate(node)]
        case _:
            return node


def _schema(reference: str, pointer: Pointer, contracts: Contracts) -> dict[str, Any]:
    contract = CONTRACT.fullmatch(reference)
    if contract is None:
        allowed = "'#/…' and '../contracts/<event type>/<version>/schema.json'"
        raise contract_error(pointer, f"the reference {reference!r} is not one of {allowed}")
    try:
        schema = contracts.get(contract["event_type"], contract["version"]).schema
    except UnknownEventType:
        raise contract_error(pointer, f"the reference {reference!r} leads to no contract") from None
    # Inside another document `$schema` is not allowed, and `$id` would change the target of `#/` references.
    return {keyword: deepcopy(value) for keyword, value in schema.items() if keyword not in ("$schema", "$id")}


class _Inlining:
    """The state while the references of one document are replaced by their targets; each target is resolved only once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._done: dict[str, Any] = {}

    def of(self, node: Any, pointer: Pointer, trail: tuple[str, ...]) -> Any:
        match node:
            case {"$ref": str(reference)}:
                return self._referred(reference, pointer, trail)
            case dict():
                return {key: self.of(value, (*pointer, key), trail) for key, value in node.items()}
            case list():
                return [self.of(value, (*pointer, index), trail) for index, value in enumerate(node)]
            case _:
                return node

    def _referred(self, reference: str, pointer: Pointer, trail: tuple[str, ...]) -> Any:
        if reference in trail:
            raise contract_error(pointer, f"the reference {reference!r} leads back to itself")
        if reference not in self._done:
            self._done[reference] = self.of(
                self._target(reference, pointer), parse_reference(reference), (*trail, reference)
            )
        return self._done[reference]

    def _target(self, reference: str, pointer: Pointer) -> Any:
        found: Any = self._document
        for key in parse_reference(reference):
            if not isinstance(found, Mapping) or key not in found:
                raise contract_error(pointer, f"the reference {reference!r} leads nowhere")
            found = found[key]
        return found
