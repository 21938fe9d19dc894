"""Requests for every operation of a document: each parameter with values of every kind, good and bad, and what surrounds parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.specification.openapi.bundle import inline
from tests.transports.http.orders import shipped

ORIGINS = ("https://shop.example", "https://evil.example")
STORED = json.dumps(shipped(eventId="stored-before")).encode()

_METHODS = ("GET", "HEAD", "POST", "PUT", "OPTIONS")
_VERSIONS = ("1.1", "1.0")
_ACCEPTS = ("text/event-stream", "application/json", "text/html", "application/json;q=0.5, */*;q=0.1", "*/*;q=0, x", "")
_BODIES = (STORED, b"{", b"[]", b'{"eventType":"order.lost","data":{}}', b'{"eventType":"order.shipped","data":{}}')
_REST_OF_TARGET = ("/", "?", "?unknown=1", "%2F", "//", "/x")
_PATH_VALUES = {"eventType": "order.shipped", "version": "1.0.0"}
_ODD_VALUES = (
    *("", "0", "-1", "1", "5", "007", "1e3", "1_0", "true", "True", "latest", "earliest", "nope", "a,b", "a,,b", ","),
    *(
        "%00",
        "%0A",
        "1%0A",
        "%C3%A9",
        "%FF",
        "%20x",
        "x%2By",
        "2024-05-01T10:00:00Z",
        "2016-12-31T23:59:60Z",
        "x" * 300,
    ),
)


class Request(NamedTuple):
    """An HTTP request. `fields`: lines of its head."""

    method: str
    target: str
    fields: tuple[str, ...] = ()
    version: str = "1.1"
    body: bytes = b""

    def to_bytes(self) -> bytes:
        described = [f"Content-Length: {len(self.body)}", "Content-Type: application/json"] if self.body else []
        first = [f"{self.method} {self.target} HTTP/{self.version}", "Host: localhost", "Connection: close"]
        return "".join(f"{line}\r\n" for line in (*first, *self.fields, *described)).encode() + b"\r\n" + self.body


def every_request(document: Mapping[str, Any]) -> list[Request]:
    """Return the requests, each once."""
    return [*dict.fromkeys(_requests(inline(document)["paths"]))]


def _requests(paths: Mapping[str, Any]) -> Iterator[Request]:
    for template, item in paths.items():
        path = _path(template, _PATH_VALUES)
        for method in _METHODS:
            yield from (Request(method, path, (f"Origin: {origin}",)) for origin in ORIGINS)
            yield from (Request(method, path, version=version) for version in _VERSIONS)
            yield from (Request(method, path + rest) for rest in _REST_OF_TARGET)
        if "post" in item:
            yield from (Request("POST", path, (), version, body) for version in _VERSIONS for body in _BODIES)
        if "get" in item:
            yield from (Request("GET", path, accept, version) for accept in _accepts() for version in _VERSIONS)
            yield from (Request("HEAD", path, accept) for accept in _accepts())
            for parameter in item["get"].get("parameters", ()):
                for value in (*_declared(parameter), *_ODD_VALUES):
                    yield from _with_parameter(template, path, parameter, value)


def _with_parameter(template: str, path: str, parameter: Any, value: str) -> Iterator[Request]:
    name = parameter["name"]
    match parameter["in"]:
        case "path":
            yield from (Request(method, _path(template, {**_PATH_VALUES, name: value})) for method in ("GET", "HEAD"))
        case "header":
            yield from (Request("GET", path, (f"{name}: {value}",) * times) for times in (1, 2))
        case _:
            start = "" if name == "from" else "&from=earliest"  # a page is not empty, and so it does not wait
            target = f"{path}?{name}={value}{start}"
            yield Request("GET", target, version="1.0")
            yield Request("HEAD", target, (f"Origin: {ORIGINS[0]}",))
            yield from (Request("GET", target, accept) for accept in _accepts()[:2])
            yield Request("GET", f"{target}&{name}={value}")
            yield Request("GET", f"{path}?{name.upper()}={value}")


def _declared(parameter: Any) -> Iterator[str]:
    """Yield the values that the document names for a parameter, and those at its bounds and just beyond them."""
    schema = parameter["schema"].get("items", parameter["schema"])
    named = (*schema.get("enum", ()), schema.get("default"), schema.get("example"), parameter.get("example"))
    yield from (str(value) for value in named if isinstance(value, str | int))
    yield from (str(schema[key] + d) for key in ("minimum", "maximum") if key in schema for d in (-1, 0, 1))


def _path(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: values[name[1]], template)


def _accepts() -> list[tuple[str, ...]]:
    return [(f"Accept: {value}",) if value else () for value in _ACCEPTS]
