"""The first minutes of somebody whose events are not ours: `init`, the gate, a server, and the README of the new contract."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import httpx_sse
import pytest

from app.new_contract.event_names import names_of
from tests.cli.command import Ran, run
from tests.support.server_process import QUICK, ServerProcess

EVENTS = "/events/orders"
OURS = re.compile(r"order[._](?:shipped|cancelled)|Order(?:Shipped|Cancelled)|\bor_[0-9]")
OUR_WORDS = re.compile(
    r"\b(?:these|all|several|an|this|each|every|newest|no|stored|published|simulated) orders?\b(?! of)|\border (?:event|id)"
    r"|\borders\.db",
    re.IGNORECASE,
)
TAG = re.compile(r'<(?:[^>]*?(?:aria-label|placeholder|title|alt)="([^"]*)")?[^>]*>')
ROW = re.compile(r"\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|")


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parcels") / "contract"
    made = run("init", str(folder), "--event", "parcel.delivered")
    assert (made.code, made.errors) == (0, [])
    assert f"serve --contract {folder}" in made.out
    return folder


@pytest.fixture(scope="module")
def server(contract: Path) -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", "--contract", str(contract), *QUICK) as started:
        yield started


@pytest.fixture(scope="module")
def published(server: ServerProcess, contract: Path) -> list[dict[str, object]]:
    sent = run("publish", str(contract / "events.ndjson"), "--url", server.url)
    assert (sent.code, sent.errors) == (0, ["orders-events: 3 published, 0 duplicates, 0 refused."])
    return [json.loads(line)["data"] for line in (contract / "events.ndjson").read_text().splitlines()]


@pytest.fixture
def copy(contract: Path, tmp_path: Path) -> Path:
    return shutil.copytree(contract, tmp_path / "copy")


def gate(folder: Path, *options: str) -> Ran:
    return run("contracts", "--contract", str(folder), *options)


def add_a_property(folder: Path) -> None:
    """Follow the section "Add a property" of the README in the folder: its `cp` command, then each row of its table."""
    section = (folder / "README.md").read_text().partition("## Add a property")[2]
    found = re.search(r"^    cp -R (.+)$", section, re.MULTILINE)
    assert found is not None
    old, new = (folder / name for name in shlex.split(found[1]))
    shutil.copytree(old, new)
    rows = ROW.findall(section)
    assert len(rows) == 5
    for name, before, after in rows:
        text = (folder / name).read_text()
        assert text.count(before) == 1, (name, before)
        (folder / name).write_text(text.replace(before, after))


def test_the_gate_accepts_the_new_contract(contract: Path) -> None:
    accepted = gate(contract)
    assert (accepted.code, accepted.errors) == (0, [])
    assert "document 1.0.0" in accepted.out


def test_the_document_shows_none_of_our_own_events(contract: Path) -> None:
    text = (contract / "openapi" / "orders-events.yaml").read_text()
    assert [line for line in text.splitlines() if OURS.search(line)] == []


def test_published_examples_are_followed_with_a_foreign_decoder(
    server: ServerProcess, published: list[dict[str, object]]
) -> None:
    query = {"from": "earliest", "limit": 3}
    with (
        httpx.Client(base_url=server.url, timeout=60) as http,
        httpx_sse.connect_sse(http, "GET", EVENTS, params=query) as source,
    ):
        events = [frame for frame in source.iter_sse() if not frame.event.startswith("stream.")]
    assert [frame.event for frame in events] == ["parcel.delivered"] * 3
    assert [frame.json() for frame in events] == published


def test_readers_filter_by_the_key_of_the_new_events(server: ServerProcess, published: list[dict[str, object]]) -> None:
    followed = run("tail", "--url", server.url, "--from", "earliest", "--no-follow", "--order-id", "parcel_2")
    assert [json.loads(line)["data"] for line in followed.out.splitlines()] == [published[1]]


def test_documents_and_pages_are_about_the_new_events(server: ServerProcess) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        assert http.get("/openapi.json").json()["info"]["title"] == "Parcel Events"
        assert http.get("/openapi-clients.json").json()["info"]["title"] == "Parcel Events"
        assert http.get("/asyncapi.json").json()["info"]["title"] == "Parcel Events"
        assert "message ParcelDeliveredV1 {" in http.get("/orders-events.proto").text
        assert "parcel.delivered" in http.get("/docs/events").text
        assert 'data-keys="{&#34;parcel.delivered&#34;: &#34;parcelId&#34;}"' in http.get("/").text
        assert "<title>Parcel Events</title>" in http.get("/docs").text


def test_no_page_has_words_of_our_events(server: ServerProcess) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as http:
        pages = {"", *re.findall(r'<li><a href="([^"]+)"', http.get("/").text)}
        assert len(pages) > 10
        shown = {page: TAG.sub(r"\n\1\n", http.get(f"/{page}").raise_for_status().text) for page in pages}
    assert {
        page: found for page, text in shown.items() if (found := OURS.findall(text) + OUR_WORDS.findall(text))
    } == {}
    assert {"Parcel", "Parcel id"} <= set(shown[""].splitlines())
    assert not {"Order", "Orders", "Order id"} & set(shown[""].splitlines())
    assert "data.parcelId" in shown["docs/clients"]
    assert " --event-types parcel.delivered" in re.sub(r"\s+", " ", shown["docs/clients"])


def test_a_property_is_added_as_the_readme_describes(copy: Path) -> None:
    add_a_property(copy)
    assert gate(copy, "--number").code == 0
    released = gate(copy, "--release")
    assert (released.code, released.errors) == (0, [])
    assert "document 1.1.0" in released.out
    assert "note" in run("types", "--contract", str(copy)).out


def test_a_property_that_readers_must_have_is_refused(copy: Path) -> None:
    add_a_property(copy)
    schema = copy / "contracts" / "parcel.delivered" / "1.1.0" / "schema.json"
    value = json.loads(schema.read_text())
    del value["properties"]["when"]
    value["required"] = ["parcelId"]
    schema.write_text(json.dumps(value))
    refused = gate(copy, "--number")
    assert refused.code == 1
    assert "violation" in refused.errors[-1]


def test_a_released_schema_that_is_edited_is_refused(copy: Path) -> None:
    schema = copy / "contracts" / "parcel.delivered" / "1.0.0" / "schema.json"
    schema.write_text(schema.read_text().replace("128", "64"))
    assert gate(copy).code == 1


def test_the_contract_is_released_anew_as_the_readme_describes(copy: Path) -> None:
    schema = copy / "contracts" / "parcel.delivered" / "1.0.0" / "schema.json"
    schema.write_text(schema.read_text().replace('"maxLength": 64', '"maxLength": 60'))
    found = re.search(r"^    rm (.+)$", (copy / "README.md").read_text(), re.MULTILINE)
    assert found is not None
    for name in shlex.split(found[1]):
        (copy / name).unlink()
    assert gate(copy, "--number", "--release").code == 0
    assert gate(copy).code == 0


@pytest.mark.parametrize(
    ("event_type", "title", "key", "plural"),
    [
        ("parcel.delivered", "Parcel Events", "parcelId", "parcels"),
        ("rental_car.returned", "Rental Car Events", "rentalCarId", "rental cars"),
        ("delivery.tour.begun", "Delivery Events", "deliveryId", "deliveries"),
        ("box.opened", "Box Events", "boxId", "boxes"),
    ],
)
def test_words_follow_from_the_event_type(event_type: str, title: str, key: str, plural: str) -> None:
    names = names_of(event_type)
    assert (names.title, names.key, names.plural) == (title, key, plural)


@pytest.mark.parametrize("event_type", ["order.shipped", "sensor_7.reading.taken"])
def test_other_event_types_make_a_contract_too(event_type: str, tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "made"), "--event", event_type).code == 0
    assert gate(tmp_path / "made").code == 0


@pytest.mark.parametrize(
    ("event_type", "line"),
    [
        ("Parcel", "'Parcel' is not an event type such as parcel.delivered"),
        ("stream.opened", "'stream.opened' is the name of a control event"),
    ],
)
def test_a_name_that_is_not_an_event_type_is_refused(event_type: str, line: str, tmp_path: Path) -> None:
    refused = run("init", str(tmp_path / "made"), "--event", event_type)
    assert refused.code == 2
    assert line in refused.errors[0]
    assert not (tmp_path / "made").exists()


def test_a_folder_with_files_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    refused = run("init", str(tmp_path))
    assert (refused.code, len(refused.errors)) == (2, 1)
    assert "is not empty; name a folder that is new or empty." in refused.errors[0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


def test_nothing_is_left_of_a_contract_that_cannot_be_made(tmp_path: Path) -> None:
    # Its frame would have the name of the union of all frames.
    refused = run("init", str(tmp_path / "made"), "--event", "order.event_stream")
    assert (refused.code, len(refused.errors)) == (1, 1)
    assert "Choose another --event." in refused.errors[0]
    assert not (tmp_path / "made").exists()
