"""The promises as data: they are well formed, the texts say the same, and a server says the values that are in force."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.client.bearer_token import BearerToken
from app.client.endpoint import Endpoint
from app.configured import promises_in_force
from app.settings import Settings, StoreUrl
from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.errors import InvalidContract
from app.specification.openapi.deployment import Deployment, as_deployed
from app.specification.openapi.statements.promises import STRENGTHS, check_promises

ROOT = Path(__file__).parents[2]
CONTRACTS = load_contracts(ROOT / "contracts")
DOCUMENT = load_document(ROOT, CONTRACTS).bundled
PROMISES: dict[str, Any] = DOCUMENT["x-promises"]
DESCRIPTION: str = DOCUMENT["info"]["description"]

SAYS = {
    ("order", "total"): "**Order.** There is one log. Every reader sees the same events in the same order",
    ("delivery", "everyEventOrGap"): "**No silent hole.** A client that keeps its last id",
    ("durability", "disk"): "**Durability.** The server sends `201` after the events are on disk",
    ("idempotence", "whileStored"): "**Idempotent publishing.** As long as an event is stored, publishing its",
}
"""How the description of the contract says each promise that is a word."""


def descriptions(node: Any) -> list[str]:
    if isinstance(node, list):
        return [text for each in node for text in descriptions(each)]
    if not isinstance(node, dict):
        return []
    own = [node["description"]] if isinstance(node.get("description"), str) else []
    return own + [text for each in node.values() for text in descriptions(each)]


TEXTS = [
    *descriptions(DOCUMENT),
    *((ROOT / name).read_text() for name in ("README.md", "ARCHITECTURE.md", "app/client/README.md")),
    *(path.read_text() for path in (ROOT / "app" / "pages" / "texts").glob("*.md")),
]


def said(pattern: str) -> set[str]:
    return {found for text in TEXTS for found in re.findall(pattern, re.sub(r"\s+", " ", text))}


@pytest.mark.parametrize("name", STRENGTHS)
def test_description_makes_each_promise_that_is_a_word(name: str) -> None:
    assert SAYS[name, PROMISES[name]] in re.sub(r"\s+", " ", DESCRIPTION)


def test_every_text_names_the_promised_time_between_heartbeats() -> None:
    nearby = r"(?:[Hh]eartbeats?|silent|[Aa]t most)\b[^.|;:]{0,40}?"
    after = r"(?= after (?:the|its) last (?:byte|message)|[^.|;:]{0,60}(?:heartbeat|the operator has set another time))"
    in_a_table = r"nothing has happened for at most ([0-9]+) seconds"
    for pattern in (rf"{nearby}\b([0-9]+) seconds\b{after}", in_a_table):
        assert said(pattern) == {f"{PROMISES['heartbeatSeconds']:g}"}


def test_client_in_the_docs_gives_a_silent_connection_up_when_the_contract_says() -> None:
    assert said(r"silence = ([0-9]+) \* time\.Second") == {f"{2 * PROMISES['heartbeatSeconds']:g}"}


def test_every_text_names_the_promised_range_of_retry_times() -> None:
    least, most = PROMISES["retryMilliseconds"]["minimum"], PROMISES["retryMilliseconds"]["maximum"]
    assert said(r"`retry` time: ([0-9,]+ to [0-9,]+) milliseconds") == {f"{least:,} to {most:,}"}
    assert said(r"wait ([0-9]+ to [0-9]+) seconds") == {f"{least / 1000:g} to {most / 1000:g}"}


def test_python_client_gives_a_silent_connection_up_when_the_contract_says() -> None:
    assert "Treat it as lost if nothing has arrived for twice as long." in re.sub(r"\s+", " ", DESCRIPTION)
    assert Endpoint("http://127.0.0.1:8000", BearerToken(None)).silence_seconds == 2 * PROMISES["heartbeatSeconds"]


def test_default_settings_keep_the_promises_of_the_contract() -> None:
    assert {**PROMISES, **promises_in_force(Settings())} == PROMISES


def test_document_of_a_server_has_the_promises_in_force_as_data_and_in_words() -> None:
    settings = Settings(store=StoreUrl("memory"), heartbeat_seconds=20, retry_ms=(100, 1200))
    served = load_document(ROOT, CONTRACTS, (), Deployment(promises=promises_in_force(settings)))
    assert served.bundled["x-promises"] == {
        **PROMISES,
        "durability": "memory",
        "heartbeatSeconds": 20,
        "retryMilliseconds": {"minimum": 100, "maximum": 1200},
    }
    assert json.loads(served.openapi_3_2)["x-promises"] == served.bundled["x-promises"]
    for text in (served.json, served.openapi_3_2, served.asyncapi):
        assert b"At most 20 seconds after" in text
        assert b"100 to 1,200 milliseconds" in text
        assert b"15 seconds" not in text


def test_contract_without_promises_stays_without_them() -> None:
    check_promises({"paths": {}})
    without = {name: value for name, value in DOCUMENT.items() if name != "x-promises"}
    assert as_deployed(without, Deployment(promises=promises_in_force(Settings(heartbeat_seconds=20)))) == without


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"order": "some"}, "x-promises.order: must be one of"),
        ({"heartbeatSeconds": "15"}, "x-promises.heartbeatSeconds: must be a number"),
        ({"retryMilliseconds": {"minimum": 1}}, "x-promises.retryMilliseconds: must have the property 'maximum'"),
        ({"latency": 1}, "x-promises: must not have the property 'latency'"),
    ],
)
def test_promises_that_are_not_well_formed_stop_the_start(wrong: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidContract, match=re.escape(place)):
        check_promises({"x-promises": {**PROMISES, **wrong}})
