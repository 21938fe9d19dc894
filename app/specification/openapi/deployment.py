"""The contract as one server offers it: at its own URL, and with the limits that its operator has lowered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from app.specification.openapi.statements.operation_security import without_security
from app.specification.openapi.statements.promises import PROMISES
from app.specification.openapi.structure import operation
from app.specification.pointer import contract_error

DEFAULT_URL: Final = "http://127.0.0.1:8000"
"""The URL of the server in the texts of the contract."""

_LIMIT: Final = "x-max-body-bytes"
_UNITS: Final = {"MiB": 1024 * 1024, "KiB": 1024, "bytes": 1}


class Deployment(NamedTuple):
    """What one server offers otherwise than the contract.

    `public_url`: the URL under which clients reach the server, without a slash at the end; None if it depends on the client.
    `max_body_bytes`: the size of the largest body of a request to publish; None for that of the contract.
    `has_keys`: whether the server checks access tokens. If not, the document demands none.
    `promises`: the promises that the settings of the server replace, such as `heartbeatSeconds`, with the values in force.
    """

    public_url: str | None = None
    max_body_bytes: int | None = None
    has_keys: bool = True
    promises: Mapping[str, Any] = MappingProxyType({})


AS_CONTRACTED: Final = Deployment()


def as_deployed(bundled: dict[str, Any], deployment: Deployment) -> dict[str, Any]:
    """Return the OpenAPI document of a deployment: its servers, limits and security, and descriptions that name them.

    `bundled`: the document without references to other files; it is not changed.
    Raises InvalidContract if a limit is above that of the contract.
    """
    document = bundled
    if deployment.public_url is not None:
        document = _at(document, deployment.public_url)
    if deployment.max_body_bytes is not None:
        document = _bounded(document, deployment.max_body_bytes)
    if PROMISES in document:
        document = _promising(document, deployment.promises)
    return document if deployment.has_keys else without_security(document)


def _at(document: Mapping[str, Any], url: str) -> dict[str, Any]:
    described = _with_descriptions(document, lambda text: text.replace(DEFAULT_URL, url))
    return {**described, "servers": [{"url": url, "description": "The public URL of this server."}]}


def _bounded(document: Mapping[str, Any], maximum: int) -> dict[str, Any]:
    pointer = operation(document, "publishOrderEvents").pointer
    contracted = document["paths"][pointer[1]][pointer[2]]["requestBody"][_LIMIT]
    if maximum > contracted:
        raise contract_error(
            (*pointer, "requestBody", _LIMIT), f"the limit of this server, {maximum}, is above that of the contract"
        )
    before, after = _in_words(contracted), _in_words(maximum)
    described = _with_descriptions(document, lambda text: text.replace(before, after))
    described["paths"][pointer[1]][pointer[2]]["requestBody"][_LIMIT] = maximum
    return described


def _promising(document: dict[str, Any], promises: Mapping[str, Any]) -> dict[str, Any]:
    contracted = document[PROMISES]
    if {**contracted, **promises} == contracted:
        return document
    kept = {**contracted, **promises}
    words = list(zip(_times_in_words(contracted), _times_in_words(kept), strict=True))

    def described(text: str) -> str:
        for before, after in words:
            text = re.sub(rf"\b{before}\b", after, text)
        return text

    return {**_with_descriptions(document, described), PROMISES: kept}


def _times_in_words(promises: Mapping[str, Any]) -> tuple[str, str]:
    """Return the time between heartbeats and the range of retry times as descriptions write them."""
    retry = promises["retryMilliseconds"]
    return f"{promises['heartbeatSeconds']:g} seconds", f"{retry['minimum']:,} to {retry['maximum']:,} milliseconds"


def _in_words(size: int) -> str:
    """Return a number of bytes as descriptions write it, in the greatest unit of which it is a multiple: 8 MiB."""
    unit, factor = next(each for each in _UNITS.items() if size % each[1] == 0)
    return f"{size // factor:,} {unit}"


def _with_descriptions(document: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return a copy of a document in which every `description` is changed."""

    def copied(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: _described(key, each) for key, each in value.items()}
        return [copied(each) for each in value] if isinstance(value, list) else value

    def _described(key: str, value: Any) -> Any:
        return change(value) if key == "description" and isinstance(value, str) else copied(value)

    copy: dict[str, Any] = copied(document)
    return copy
