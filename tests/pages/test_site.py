"""The pages show everything in the contract; each is well formed, linked, and loads only local files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from jinja2 import Environment, Template

from app.events.position import Gap, Position
from app.pages import build_site
from app.pages.content.documentation import read_documentation
from app.pages.site_paths import Layout
from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.errors import InvalidContract
from app.specification.openapi.bundle import inline
from app.transports.http.streaming.sse import encode
from tests.pages.contract import ROOT, SETTINGS, Element, page, pages, read, site, words
from tests.specification.test_derived import without_words
from tests.support.contract_copy import ContractCopy
from tests.support.order_returned import add_order_returned
from tests.transports.http.orders import frames

CONTRACTS = load_contracts(ROOT / "contracts")
BUNDLED = load_document(ROOT, CONTRACTS).bundled
INLINED: dict[str, Any] = inline(BUNDLED)
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
EVERYWHERE = [(layout, name) for layout in Layout for name in pages(layout)]

each_page = pytest.mark.parametrize(("layout", "name"), EVERYWHERE, ids=lambda part: getattr(part, "value", part))


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, item in INLINED["paths"].items() for method, each in item.items()]


def headings(document: Element) -> list[Element]:
    return [element for element in document.all() if element.name in HEADINGS]


def ids(document: Element) -> list[str]:
    return [element.attributes["id"] for element in document.all() if "id" in element.attributes]


@each_page
def test_page_has_one_title_and_headings_without_jumps(layout: Layout, name: str) -> None:
    document = pages(layout)[name]
    if name == "docs/explorer":
        return  # Scalar writes its own
    levels = [int(heading.name[1]) for heading in headings(document)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    for before, after in pairwise(levels):
        assert after <= before + 1
    assert next(document.all("title")).text.endswith(INLINED["info"]["title"])


@each_page
def test_page_has_landmarks_and_a_link_that_skips_the_navigation(layout: Layout, name: str) -> None:
    document = pages(layout)[name]
    (html,) = document.all("html")
    assert html.attributes["lang"] == "en"
    skip = next(document.all("a", class_="skip"))
    assert skip.attributes["href"] == "#content"
    assert ids(document).count("content") == 1
    if name != "docs/explorer":
        assert [main.attributes["id"] for main in document.all("main")] == ["content"]
    for navigation in document.all("nav"):
        assert navigation.attributes["aria-label"]


@each_page
def test_ids_of_a_page_are_distinct(layout: Layout, name: str) -> None:
    found = ids(pages(layout)[name])
    assert len(found) == len(set(found))


@each_page
def test_links_of_a_page_have_a_target(layout: Layout, name: str) -> None:
    document = pages(layout)[name]
    for element in document.all():
        for attribute in ("href", "src"):
            if attribute in element.attributes:
                check_link(layout, name, document, element.attributes[attribute])


def check_link(layout: Layout, name: str, document: Element, link: str) -> None:
    address = urlsplit(urljoin(f"https://here.example/{name}", link))
    assert address.netloc == "here.example", link
    target = address.path.removeprefix("/")
    if layout is Layout.SERVED and target not in site(layout):
        assert any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), f"/{target}") for path in INLINED["paths"]), link
        return
    assert target in site(layout), link
    if address.fragment:
        there = document if target == name else pages(layout)[target]
        assert unquote(address.fragment) in ids(there), link


@each_page
def test_page_has_nothing_inline_and_nothing_from_elsewhere(layout: Layout, name: str) -> None:
    document = pages(layout)[name]
    assert not list(document.all("style"))
    for script in document.all("script"):
        assert script.text == ""
        assert "src" in script.attributes
    for element in document.all():
        assert not [key for key in element.attributes if key == "style" or key.startswith("on")]


@each_page
def test_headings_of_the_table_of_contents_are_on_the_page(layout: Layout, name: str) -> None:
    document = pages(layout)[name]
    (listed,) = list(document.all("nav", id="contents")) or [Element("nav", {})]
    texts = {
        heading.attributes.get("id", ""): words(heading).removesuffix("#").strip() for heading in headings(document)
    }
    for link in listed.all("a"):
        assert link.text in texts[link.attributes["href"].removeprefix("#")]


def test_style_sheet_and_scripts_load_nothing_else() -> None:
    for name, file in site().items():
        if file.media_type.startswith(("text/css", "text/javascript")) and not name.endswith("scalar.js"):
            text = re.sub(r"^ *//.*$", "", file.content.decode(), flags=re.MULTILINE)  # comments name the standards
            assert "url(" not in text
            assert "@import" not in text
            assert not set(re.findall(r"https?://[^\s'\"]+", text)) - {"http://127.0.0.1:8000"}


# What the pages say


def test_guide_is_the_description_of_the_contract() -> None:
    guide = words(page("docs"))
    for paragraph in re.findall(r"^- \*\*(\w[^*]+)\*\* (.+)$", INLINED["info"]["description"], re.MULTILINE):
        assert paragraph[0] in guide
        assert re.sub(r"[`*]", "", paragraph[1]).strip() in guide


def test_reference_has_every_operation_with_everything_in_it() -> None:
    reference = page("docs/reference")
    articles = {each.attributes["aria-labelledby"]: each for each in reference.all("article")}
    assert set(articles) == {operation["operationId"] for _, _, operation in operations()}
    for path, method, operation in operations():
        article = articles[operation["operationId"]]
        text = words(article)
        assert f"{method.upper()} {path}" in text
        assert operation["summary"] in text
        for parameter in operation.get("parameters", ()):
            row = next(article.all("tr", id=f"{operation['operationId']}-{parameter['name']}"))
            assert_says_all_of_the_parameter(words(row), parameter)
        for status in operation["responses"]:
            assert f"{operation['operationId']}-{status}" in ids(article)


def assert_says_all_of_the_parameter(text: str, parameter: dict[str, Any]) -> None:
    schema = parameter["schema"]
    assert parameter["in"] in text
    assert schema["type"] in text
    for keyword in ("minimum", "maximum", "minItems", "maxItems", "maxLength"):
        if keyword in schema:
            assert f"{schema[keyword]:,}" in text, keyword
    for value in (*schema.get("enum", ()), *schema.get("items", {}).get("enum", ())):
        assert str(value) in text
    if "pattern" in schema:
        assert schema["pattern"] in text
    if "default" in schema:
        default = schema["default"]
        assert f"default {default if isinstance(default, str) else json.dumps(default)}" in text
    assert re.sub(r"[`*\s]+", "", parameter["description"]) in re.sub(r"\s+", "", text)


def test_reference_has_every_message_as_it_is_on_the_wire() -> None:
    article = next(page("docs/reference").all("article", aria_labelledby="openOrderEventsSocket"))
    shown = [json.loads(block.text) for block in article.all("pre", data_language="json") if block.text[0] == "{"]
    socket = INLINED["paths"]["/events/orders/socket"]["get"]
    messages = [*socket["x-messages"]["receives"], *socket["x-messages"]["sends"]]
    assert shown == [message["example"] for message in messages]
    text = words(article)
    for message in messages:
        assert " ".join(message["description"].replace("`", "").split()) in text
        assert any(article.all("h5", id=f"openOrderEventsSocket-{message['properties']['type']['enum'][0]}"))
    for code, described in socket["x-close-codes"].items():
        row = f"{code} {described['description']}{'Reconnect' if described['reconnect'] else 'Do not reconnect'}"
        assert row.replace("`", "") in text
    for example in socket["x-message-problems"].values():
        assert any(article.all("a", href=f"../{example['value']['type'].removeprefix('/')}"))


def test_guide_says_which_transport_to_choose() -> None:
    text = words(page("docs"))
    section = text[text.index("Which transport to choose#") : text.index("What a client must do#")]
    for name in ("event stream", "Pages", "WebSocket", "gRPC", "/events/orders/socket"):
        assert name in section


def test_reference_has_every_problem_of_each_operation() -> None:
    reference = page("docs/reference")
    articles = {each.attributes["aria-labelledby"]: each for each in reference.all("article")}
    for _, _, operation in operations():
        linked = {link.attributes["href"] for link in articles[operation["operationId"]].all("a")}
        for response in operation["responses"].values():
            problems = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
            for problem in problems.values():
                assert f"..{problem['value']['type']}" in linked


def test_catalogue_has_every_type_and_version_with_its_schema_and_examples() -> None:
    events = page("docs/events")
    for name in (*CONTRACTS.event_types, *CONTRACTS.control_types):
        section = next(events.all("section", aria_labelledby=name))
        text = words(section)
        for version in CONTRACTS.versions(name):
            schema: dict[str, Any] = CONTRACTS.get(name, version).schema
            assert f"Version {version}" in text
            for path in (ROOT / "contracts" / name / str(version) / "examples").glob("valid-*.json"):
                data = json.dumps(json.loads(path.read_text()), separators=(",", ":"))
                assert f"event: {name}\ndata: {data}" in section.text
            for prop, part in schema.get("properties", {}).items():
                assert prop in text
                assert re.sub(r"[`*]", "", part["description"]) in text


def test_catalogue_shows_refused_examples_with_the_violations() -> None:
    section = words(next(page("docs/events").all("section", aria_labelledby="order.shipped")))
    assert "must have the property 'when'" in section
    assert "/when must be a date and time of RFC 3339 with its offset" in section


def test_frames_of_the_catalogue_have_an_id_if_the_frame_on_the_wire_has_one() -> None:
    events = page("docs/events")
    for name, has_id in (("order.shipped", True), ("stream.gap", True), ("stream.closing", False)):
        section = next(events.all("section", aria_labelledby=name))
        wire = [block.text for block in section.all("pre") if block.attributes["data-language"] == "sse"]
        assert wire
        assert all(text.startswith("id: ") is has_id for text in wire)


def test_frame_of_a_gap_has_the_id_that_its_data_repeats_as_on_the_wire() -> None:
    gap = Gap("foreign", "nope", Position("k7f3q2a1", 0))
    wire = [block.text.rstrip() for block in page("docs/events").all("pre") if "stream.gap" in block.text]
    assert encode(gap).decode().rstrip() in wire
    for text in wire:
        (event,) = frames(f"{text}\n\n")
        assert event.id == json.loads(event.data or "")["earliest"]


def test_every_problem_has_the_page_that_its_type_names() -> None:
    for problem in INLINED["components"]["examples"].values():
        value = problem["value"]
        document = page(value["type"].removeprefix("/"))
        text = words(document)
        assert value["title"] in text
        assert str(value["status"]) in text
        for member in value:
            assert member in text
        assert any(f"#{operation['operationId']}" in link.attributes["href"]
                   for link in document.all("a") for _, _, operation in operations())  # fmt: skip


def test_fields_to_try_are_the_parameters_that_affect_a_stream() -> None:
    (form,) = page("docs/try").all("form", id="stream")
    fields = {element.attributes["name"] for element in form.all() if "name" in element.attributes}
    query = {each["name"] for each in INLINED["paths"]["/events/orders"]["get"]["parameters"] if each["in"] == "query"}
    assert fields == query - {"wait", "majorVersion"}


def test_page_that_needs_scripts_says_so_and_names_an_alternative() -> None:
    (without,) = page("docs/try").all("noscript")
    assert "curl -N 'http://127.0.0.1:8000/events/orders'" in words(without)


def test_every_setting_is_on_its_page_with_its_variable_and_its_default() -> None:
    settings = page("docs/settings")
    for flag, variable, default, help_ in SETTINGS:
        row = words(next(settings.all("tr", id=flag.removeprefix("--"))))
        assert f"{flag}{variable} {help_}" in row
        assert row.endswith(f"default {default}" if default else help_)


def test_settings_on_the_page_for_operators_are_links_to_their_rows() -> None:
    links = {link.text: link.attributes["href"] for link in page("docs/operate").all("a", class_="term")}
    assert links["--retain-seconds"] == "settings#retain-seconds"
    named = {each.text for each in page("docs/operate").all("code") if re.fullmatch(r"--[a-z-]+", each.text)}
    assert len(named) >= 15
    assert named <= {setting.flag for setting in SETTINGS}


# Another contract


def test_new_event_type_is_in_the_catalogue_without_a_change_to_code(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    made = site(root=copy.root)
    events = read(made["docs/events"].content)
    section = next(events.all("section", aria_labelledby="order.returned"))
    assert "1 to 1,000" in words(section)
    assert "order.returned" in made["docs/try"].content.decode()


def test_new_version_is_in_the_catalogue_with_what_changed(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    latest = str(CONTRACTS.versions("order.cancelled")[-1])
    old, new = (copy.contracts / "order.cancelled" / version for version in (latest, "1.99.0"))
    (new / "examples").mkdir(parents=True)
    schema = json.loads((old / "schema.json").read_text())
    schema["properties"]["refund"] = {"description": "What is paid back, in cents.", "type": "integer", "minimum": 0}
    (new / "schema.json").write_text(json.dumps({**schema, "$id": "urn:orders-events:contract:order.cancelled:1.99.0"}))
    (new / "examples" / "valid-refund.json").write_text('{"orderId":"or_1","when":"2024-05-01T10:00:00Z","refund":5}')
    (new / "examples" / "invalid-empty.json").write_text("{}")
    (old / "deprecated.json").write_text('{"deprecatedOn": "2026-12-01"}')
    copy.replace(re.escape(f"order.cancelled/{latest}/schema.json"), "order.cancelled/1.99.0/schema.json")
    copy.list_version("order.cancelled", "1.99.0")

    events = read(site(root=copy.root)["docs/events"].content)
    section = words(next(events.all("section", aria_labelledby="order.cancelled")))
    assert f"Since {latest} refund is new and optional." in section
    assert "Version 1.99.0 current default" in section
    assert f"Version {latest} deprecated since 2026-12-01" in section
    assert section.index("Version 1.99.0") < section.index(f"Version {latest}")


def test_contract_without_any_optional_part_has_pages() -> None:
    bare = without_words(BUNDLED)
    bare["components"]["examples"] = BUNDLED["components"]["examples"]  # the server itself needs them
    document = replace(load_document(ROOT, CONTRACTS), bundled=bare)
    for file in build_site(document, CONTRACTS, ROOT / "contracts", SETTINGS).values():
        if file.media_type.startswith("text/html"):
            read(file.content)


def test_page_is_rendered_once_and_only_if_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []
    find = Environment.get_template

    def noted(environment: Environment, name: str, *arguments: Any) -> Template:
        if name == "settings.html":
            rendered.append(name)
        return find(environment, name, *arguments)

    monkeypatch.setattr(Environment, "get_template", noted)
    files = build_site(load_document(ROOT, CONTRACTS), CONTRACTS, ROOT / "contracts", SETTINGS)
    assert rendered == []
    assert files["docs/settings"].content == files["docs/settings"].content
    assert rendered == ["settings.html"]


def test_contract_without_a_stream_is_refused() -> None:
    document = load_document(ROOT, CONTRACTS)
    get = document.bundled["paths"]["/events/orders"]["get"]
    del get["responses"]["200"]["content"]["text/event-stream"]
    with pytest.raises(InvalidContract, match="no operation answers with text/event-stream"):
        read_documentation(document, CONTRACTS, ROOT / "contracts", SETTINGS)


def test_guide_names_the_packages_that_the_server_has() -> None:
    commands = [each.text for each in page("docs").all("pre") if " install " in each.text]
    names = [command.split("http://127.0.0.1:8000/")[1].strip() for command in commands]
    assert [name.rpartition(".")[2] for name in names] == ["whl", "tgz"]
    assert set(names) <= set(site())
