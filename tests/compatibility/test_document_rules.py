"""The tables for the document are complete, and different ways to write the same are not differences."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator.schemas import schema_v30

from app.compatibility.document_changes import document_changes
from app.compatibility.rules.document_rules import TABLES
from app.specification.contracts import load_contracts
from app.specification.errors import InvalidContract
from app.specification.openapi.bundle import bundle
from app.specification.openapi.source import read_source
from app.specification.openapi.structure import METHODS
from app.specification.schema import dialect as schema_dialect
from app.specification.schema.messages import MESSAGES
from app.specification.version import Step
from tests.compatibility.released_contract import Edit, both, drop, put, rename

ROOT = Path(__file__).parents[2]
BEFORE = bundle(read_source(ROOT), load_contracts(ROOT / "contracts"))
LIST = ("paths", "/event-types", "get")


def changes(*edits: Edit) -> dict[str, Step]:
    now = deepcopy(BEFORE)
    both(*edits)(now)
    return {change.rule: change.step for change in document_changes(BEFORE, now)}


@pytest.mark.parametrize("kind", sorted(TABLES.keys() - {"Schema"}))
def test_every_member_that_openapi_knows_has_a_rule(kind: str) -> None:
    definition = schema_v30["definitions"][kind]
    members = set(definition.get("properties", {})) - {"$ref"}
    if kind == "PathItem":
        members |= set(METHODS)
        assert re.fullmatch(next(iter(definition["patternProperties"])), "get")
    assert members - TABLES[kind].keys() == set()


def test_every_keyword_that_openapi_and_the_dialect_share_has_a_rule() -> None:
    dialect = {*MESSAGES, *schema_dialect._STRUCTURE, *schema_dialect._ANNOTATIONS}
    shared = dialect & schema_v30["definitions"]["Schema"]["properties"].keys()
    assert shared - TABLES["Schema"].keys() == set()


def test_document_does_not_differ_from_itself() -> None:
    assert document_changes(BEFORE, deepcopy(BEFORE)) == []


@pytest.mark.usefixtures("untraced")
def test_no_difference_is_overlooked() -> None:
    for place in every_place(BEFORE)[::4]:  # for the sake of time
        if place == ("info", "version"):
            continue
        now = deepcopy(BEFORE)
        drop(*place)(now)
        try:
            found = document_changes(BEFORE, now)
        except (
            InvalidContract,
            KeyError,
        ):  # the rest is not an OpenAPI document; the gate refuses it before comparing
            continue
        assert found, place


def every_place(node: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    members = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    places = [] if not place else [place]
    for key, member in members:
        if place[-1:] not in (("example",), ("examples",), ("value",)):  # all of it is text
            places += every_place(member, (*place, key))
    return places


@pytest.mark.parametrize(
    ("edit", "rule"),
    [
        (put("components", "parameters", "limit", "x-page-limit", value="many"), "x-page-limit-changed"),
        (put("components", "parameters", "limit", "x-page-limit", "maximum", value="many"), "maximum-changed"),
    ],
)
def test_member_of_a_wrong_type_has_changed(edit: Edit, rule: str) -> None:
    assert changes(edit) == {rule: Step.MAJOR}


def test_change_of_a_component_is_reported_once_under_its_own_pointer() -> None:
    now = deepcopy(BEFORE)
    put("components", "schemas", "Position", "pattern", value="^a$")(now)
    found = document_changes(BEFORE, now)
    assert [change.pointer for change in found] == [("components", "schemas", "Position", "pattern")]


@pytest.mark.parametrize(
    "edits",
    [
        (put("components", "parameters", "since", "style", value="form"),),
        (put("components", "parameters", "since", "explode", value=True),),
        (put("components", "parameters", "since", "required", value=False),),
        (put("components", "parameters", "since", "allowReserved", value=False),),
        (put("components", "headers", "Sunset", "style", value="simple"),),
        (put("components", "headers", "Sunset", "explode", value=False),),
        (put(*LIST, "deprecated", value=False),),
        (put("security", value=[]), drop(*LIST, "security")),
        (
            put("paths", "/event-types/{eventType}/{version}", "parameters", value=[]),
            lambda now: now["paths"]["/event-types/{eventType}/{version}"]["parameters"].extend(
                now["paths"]["/event-types/{eventType}/{version}"]["get"].pop("parameters")
            ),
        ),
    ],
)
def test_default_members_may_be_written_out(edits: tuple[Edit, ...]) -> None:
    assert set(changes(*edits).values()) <= {Step.PATCH, Step.MINOR}


@pytest.mark.parametrize(
    ("before", "now", "step"),
    [
        ([{}], [{"key": []}], Step.MAJOR),
        ([{"key": []}], [{}], Step.MINOR),
        ([{"key": []}], [{"key": []}, {"token": []}], Step.MINOR),
        ([{"key": []}, {"token": []}], [{"token": []}], Step.MAJOR),
        ([{"key": []}], [{"key": [], "token": []}], Step.MAJOR),
        ([{"key": []}], [{"token": []}], Step.MAJOR),
        ([{"token": ["read"]}], [{"token": ["read", "write"]}], Step.MAJOR),
        ([{"token": ["read", "write"]}], [{"token": ["read"]}], Step.MINOR),
        ([{}], [{}, {"key": []}], Step.MINOR),
    ],
)
def test_security_may_be_loosened_but_not_tightened(before: list[Any], now: list[Any], step: Step) -> None:
    old, new = deepcopy(BEFORE), deepcopy(BEFORE)
    put(*LIST, "security", value=before)(old)
    put(*LIST, "security", value=now)(new)
    assert [change.step for change in document_changes(old, new)] == [step]


def test_schema_that_no_operation_refers_to_must_not_change() -> None:
    before, now = deepcopy(BEFORE), deepcopy(BEFORE)
    put("components", "schemas", "Alone", value={"type": "string"})(before)
    put("components", "schemas", "Alone", value={"type": "integer"})(now)
    assert [change.rule for change in document_changes(before, now)] == ["type-changed"]


def test_schema_may_move_to_a_component_of_the_same_content() -> None:
    place = ("components", "schemas", "Liveness", "properties", "status")
    status = BEFORE["components"]["schemas"]["Liveness"]["properties"]["status"]
    found = changes(
        put("components", "schemas", "LivenessStatus", value=status),
        put(*place, value={"$ref": "#/components/schemas/LivenessStatus"}),
    )
    assert found == {"component-added": Step.MINOR}


PREFIX = ("components", "responses", "Unavailable")


@pytest.mark.parametrize(
    "edits",
    [
        (rename("paths", "/events/orders", "get", "responses", "200", "headers", "Cache-Control", to="cache-control"),),
        (rename(*PREFIX, "headers", "Retry-After", to="RETRY-AFTER"),),
        (rename(*LIST, "responses", "200", "content", "application/json", to="Application/JSON"),),
        (put("components", "parameters", "lastEventIdHeader", "name", value="last-event-id"),),
        (put("components", "securitySchemes", "bearer", "scheme", value="Bearer"),),
    ],
)
def test_names_of_headers_media_types_and_schemes_have_no_case(edits: tuple[Edit, ...]) -> None:
    assert set(changes(*edits).values()) == {Step.PATCH}


def test_names_of_parameters_in_a_query_have_a_case() -> None:
    found = changes(put("components", "parameters", "since", "name", value="Since"))
    assert found["parameter-removed"] is Step.MAJOR


KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        (KEY, {**KEY, "name": "x-key"}, {"name-reworded": Step.PATCH}),
        ({**KEY, "in": "query"}, {**KEY, "in": "query", "name": "x-key"}, {"name-changed": Step.MAJOR}),
    ],
)
def test_name_of_a_key_has_a_case_unless_it_is_a_header(before: Any, now: Any, found: dict[str, Step]) -> None:
    assert scheme_changes(before, now) == found


SCOPES = {"read": "Read events."}
FLOW = {"tokenUrl": "https://example.com/token", "scopes": SCOPES}


@pytest.mark.parametrize(
    ("flow", "found"),
    [
        ({**FLOW, "scopes": {**SCOPES, "write": "Publish."}}, {"scopes-extended": Step.MINOR}),
        ({**FLOW, "scopes": {"read": "Read."}}, {"scopes-reworded": Step.PATCH}),
        ({**FLOW, "scopes": {"write": "Publish."}}, {"scopes-changed": Step.MAJOR}),
        ({**FLOW, "refreshUrl": "https://example.com/refresh"}, {"refresh-url-extended": Step.MINOR}),
        ({**FLOW, "tokenUrl": "https://example.com/tokens"}, {"token-url-changed": Step.MAJOR}),
    ],
)
def test_flow_may_gain_scopes_and_lose_none(flow: Any, found: dict[str, Step]) -> None:
    before, now = ({"type": "oauth2", "flows": {"clientCredentials": each}} for each in (FLOW, flow))
    assert scheme_changes(before, now) == found


def test_security_scheme_may_gain_a_flow_and_lose_none() -> None:
    less: dict[str, Any] = {"type": "oauth2", "flows": {"password": FLOW}}
    more: dict[str, Any] = {"type": "oauth2", "flows": {"password": FLOW, "clientCredentials": FLOW}}
    assert scheme_changes(less, more) == {"flow-added": Step.MINOR}
    assert scheme_changes(more, less) == {"flow-removed": Step.MAJOR}


def scheme_changes(before: Any, now: Any) -> dict[str, Step]:
    old, new = deepcopy(BEFORE), deepcopy(BEFORE)
    put("components", "securitySchemes", "other", value=before)(old)
    put("components", "securitySchemes", "other", value=now)(new)
    return {change.rule: change.step for change in document_changes(old, new)}


def test_limit_where_there_was_none_refuses_what_was_accepted() -> None:
    place = ("components", "parameters", "limit", "x-page-limit")
    old = deepcopy(BEFORE)
    drop(*place)(old)
    assert {change.rule: change.step for change in document_changes(old, BEFORE)} == {"page-limit-added": Step.MAJOR}


def test_first_server_replaces_the_one_that_is_there_by_default() -> None:
    old = deepcopy(BEFORE)
    del old["servers"]
    steps = {change.rule: change.step for change in document_changes(old, BEFORE)}
    assert steps.get("server-removed") is (None if BEFORE["servers"][0]["url"] == "/" else Step.MAJOR)
    now = deepcopy(BEFORE)
    now["servers"] = [{"url": "/v1"}]
    assert {change.rule for change in document_changes(old, now)} == {"server-added", "server-removed"}


def test_alternatives_where_there_were_none_refuse_what_was_accepted() -> None:
    found = changes(put("components", "schemas", "Since", "anyOf", value=[{"pattern": "Z$"}]))
    assert found == {"any-of-tightened": Step.MAJOR}


def test_stronger_promise_is_an_addition_and_so_are_the_first_promises() -> None:
    weaker = deepcopy(BEFORE)
    put("x-promises", "durability", value="memory")(weaker)
    found = {change.rule: change.step for change in document_changes(weaker, BEFORE)}
    assert found == {"durability-tightened": Step.MINOR}
    without = deepcopy(BEFORE)
    drop("x-promises")(without)
    assert {change.rule: change.step for change in document_changes(without, BEFORE)} == {"promises-added": Step.MINOR}
