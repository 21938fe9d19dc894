"""The rules for the OpenAPI document: one table per kind of object, one row per member.

Parameters and request bodies are said by clients, responses by the server; names of paths, operations, parameters, components,
statuses, media types and headers are public, so none may go without a new major version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from app.compatibility import effects
from app.compatibility.change import Change, Effect, Side
from app.compatibility.pair import ABSENT, Pair
from app.compatibility.rows import (
    EffectOfPart,
    Row,
    Table,
    compare,
    compare_parts,
    extended,
    fixed,
    ignored,
    leaf,
    part,
    parts,
    reworded,
)
from app.compatibility.schema_rules import SCHEMA
from app.transports.http.document.openapi import METHODS


def _parameter_added(pair: Pair) -> Effect:
    followed = pair.followed()
    return Effect.TIGHTENED if followed is not None and followed.now.get("required") is True else Effect.EXTENDED


def _body_added(pair: Pair) -> Effect:
    followed = pair.followed()
    return Effect.TIGHTENED if followed is not None and followed.now.get("required") is True else Effect.EXTENDED


def _response_added(pair: Pair) -> Effect:
    # Clients treat an unknown error as the class of its status says (RFC 9110 §15); of a success they expect the content.
    return Effect.EXTENDED if str(pair.place[-1])[:1] in ("4", "5", "d") else Effect.LOOSENED
