"""Checks of the gRPC service itself: the messages that it describes, its health, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from app.check.findings import Finding, NotSeen
from app.check.request import Request, excerpt
from app.check.target.target import Target

# Fields of the request, each with a value that the contract refuses.
_INVALID: Final[tuple[tuple[str, Any, str], ...]] = (
    ("limit", 0, "/limit"),
    ("from", "middle", "/from"),
    ("since", "yesterday", "/since"),
    ("lastEventId", "no id", "/lastEventId"),
    ("eventTypes", ["no.such.type"], "/eventTypes/0"),
)
_MESSAGE: Final = re.compile(r"message (\w+) \{$")
_BLOCK: Final = re.compile(r"[^/]*\{$")
_FIELD: Final = re.compile(r"(?:(?:optional|repeated) )?[\w.]+ (\w+ = [0-9]+)\b.*;$")


def grpc_description(target: Target) -> Iterator[Finding]:
    """Reflection describes the same fields, with the same numbers, as the .proto that is published.

    This check yields a finding if they differ. Raises NotSeen if the published contract has no operation getProto.
    """
    from app.check.grpc.service_observations import described_fields  # noqa: PLC0415  # the extra `grpc` may be missing where checks are listed

    path = target.contract.paths.get("getProto")
    if path is None:
        raise NotSeen("The contract has no operation getProto.")
    response = target.session.fetch(Request(path))
    published = set(proto_fields(response.body.decode("utf-8", "replace")))
    described = described_fields(target)
    differing = sorted(published ^ described.value)
    if differing:
        place = "the .proto" if differing[0] in published else "reflection"
        seen = f"{excerpt(differing[0])} is in {place} only"
        yield Finding("The published .proto has the messages of the service.", seen, described.call)


def proto_fields(text: str) -> Iterator[str]:
    """Yield the fields in the text of a .proto that has one field or one brace on each line, as `Message.field = number`."""
    blocks: list[str] = []  # the names of the messages around a line; "" for other blocks
    for line in map(str.strip, text.splitlines()):
        if line == "}":
            del blocks[-1:]
        elif message := _MESSAGE.match(line):
            blocks.append(message[1])
        elif _BLOCK.match(line):
            blocks.append("")
        elif field := _FIELD.match(line):
            yield f"{'.'.join(filter(None, blocks))}.{field[1]}"


def grpc_health(target: Target) -> Iterator[Finding]:
    """The health check of gRPC reports SERVING for the service."""
    from app.check.grpc.service_observations import health  # noqa: PLC0415  # the extra `grpc` may be missing where checks are listed

    status, call = health(target)
    if status != "SERVING":
        yield Finding("A service that answers is SERVING.", status, call)


def grpc_refusals(target: Target) -> Iterator[Finding]:
    """A field that breaks the contract is refused with INVALID_ARGUMENT, and the details name the field.

    This check yields a finding for each such request to Subscribe that is answered otherwise.
    """
    from app.check.grpc.service_observations import refused_fields  # noqa: PLC0415  # the extra `grpc` may be missing where checks are listed

    for name, value, pointer in _INVALID:
        fields, call = refused_fields(target, {name: value})
        if fields != [pointer]:
            promised = f"INVALID_ARGUMENT with a BadRequest that names {pointer}."
            seen = "it was not refused" if fields is None else f"it named {excerpt(fields)}"
            yield Finding(promised, seen, call)
