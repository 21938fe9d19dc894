"""The list of all pages of the documentation site: the path, title, template and table of contents of each page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from string import Template
from typing import Any, Final, NamedTuple

from app.pages import site_paths
from app.pages.content.documentation import Documentation
from app.pages.content.event_catalogue import EventType
from app.pages.content.news import read_news, read_releases
from app.pages.content.operation_reference import example_values
from app.pages.content.problem_kinds import ProblemKind
from app.pages.markup.markdown import Heading, render, slug
from app.specification.derived.protobuf.proto_types import snake_case
from app.specification.strict_json import JsonValue

POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
EXPLORER_POLICY: Final = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self'", "img-src 'self' data:"
)
"""The policy of the explorer: Scalar writes style sheets of its own into the page."""

_TEXTS: Final = Path(__file__).parent / "texts"
_CLIENTS: Final = (_TEXTS / "clients.md").read_text("utf-8")
_GRPC: Final = (_TEXTS / "grpc.md").read_text("utf-8")
_OPERATE: Final = (_TEXTS / "operate.md").read_text("utf-8")
_NODES: Final = (_TEXTS / "nodes.md").read_text("utf-8")


class Page(NamedTuple):
    """A page of the documentation site.

    `name`: the path of the page on the server.
    `headings`: the table of contents.
    `values`: values for the page's template, in addition to the documentation.
    `policy`: the Content-Security-Policy of the page.
    """

    name: str
    title: str
    template: str
    headings: list[Heading]
    values: Mapping[str, Any]
    policy: str = POLICY


def pages(docs: Documentation, contract_root: Path, *, served: bool, explorer: bool) -> Iterator[Page]:
    """Yield all pages of the documentation site.

    `served`: True if a server sends the pages; False if the pages are written as files, which leaves out the dashboard.
    `contract_root`: the folder of the contract, which may have a changelog.
    `explorer`: whether to include the page with the interactive API explorer, whose script is optional.
    """
    if served:  # the dashboard shows the stream of the server that sent it; among files there is no such server
        yield Page(site_paths.DASHBOARD, "Dashboard", "dashboard.html", [], {})
    yield Page(site_paths.HOME, "Guide", "guide.html", list(_guide(docs)), {})
    clients = _clients_text(docs)
    yield Page(site_paths.CLIENTS, "Clients", "clients.html", _second_level(clients), {"text": clients})
    yield Page(site_paths.EVENTS, "Events", "events.html", list(_events(docs)), {})
    yield Page(site_paths.TRY, "Try it", "try.html", [], _form(docs))
    yield Page(site_paths.REFERENCE, "Reference", "reference.html", list(_reference(docs)), {})
    yield Page(site_paths.GRPC, "gRPC", "grpc.html", _second_level(_GRPC), {"text": _grpc_text(docs)})
    yield Page(site_paths.PROBLEMS, "Problems", "problems.html", [], {})
    yield Page(site_paths.SETTINGS, "Settings", "settings.html", [], {})
    yield Page(site_paths.OPERATE, "Operate", "operate.html", _second_level(_OPERATE), {"text": _OPERATE})
    yield Page(site_paths.NODES, "Several servers", "nodes.html", _second_level(_NODES), {"text": _NODES})
    releases = read_releases(contract_root)
    if releases:
        headings = [Heading(2, each.id, each.version) for each in releases]
        values = {"releases": releases, "read_news": partial(read_news, contract_root)}
        yield Page(site_paths.CHANGES, "What's new", "changes.html", headings, values)
    if explorer:
        yield Page(site_paths.EXPLORER, "Explorer", "explorer.html", [], {}, EXPLORER_POLICY)
    for problem in docs.problems:
        yield Page(problem_name(problem), problem.example["title"], "problem.html", [], {"problem": problem})


def _clients_text(docs: Documentation) -> str:
    """Return the text of the page about clients, with the package, the key and the events of the contract."""
    name = docs.types("order")[-1]
    words = {
        "WHEEL": site_paths.wheel(docs.version),
        "KEY": docs.key.name,
        "EVENT_TYPE": name,
        "EVENT": json.dumps(docs.repeatable_event, separators=(",", ":")),
    }
    return re.sub(rf"\b({'|'.join(words)})\b", lambda found: words[found[0]], _CLIENTS)


def _grpc_text(docs: Documentation) -> str:
    """Return the text of the page about gRPC, in which `$event` is an event of the contract as a member of a gRPC message, in JSON."""
    event = next(event for event in docs.catalogue if event.kind == "order")
    member = json.dumps({_field_name(event): _fields_of(event.sample)}, separators=(",", ":"))
    return Template(_GRPC).substitute(event=member[1:-1])


def _field_name(event: EventType) -> str:
    default = next(version for version in event.versions if version.is_default)
    return f"{event.name.replace('.', '_')}_v{default.version.partition('.')[0]}"


def _fields_of(value: JsonValue) -> JsonValue:
    """Return the data of an event with the names that its properties have in gRPC messages."""
    match value:
        case dict():
            return {snake_case("data", name): _fields_of(part) for name, part in value.items()}
        case list():
            return [_fields_of(part) for part in value]
    return value


def first_example(parameter: Mapping[str, Any]) -> str:
    """Return the first example value of a parameter, as text that a user would type; empty if there is no example."""
    value = next(iter(example_values(parameter)), "")
    return ",".join(value) if isinstance(value, list) else str(value)


def problem_name(problem: ProblemKind) -> str:
    """Return the path of the page about a problem type. The path is the problem's `type` URL, so the URL leads to that page."""
    return f"{site_paths.PROBLEMS}/{problem.slug}"


def _form(docs: Documentation) -> Mapping[str, Any]:
    """Return the values for the page "Try it". `parameter_types`: a JSON object with the JSON type of each parameter."""
    parameters = list(_fields(docs))
    types = {parameter["name"]: parameter["schema"]["type"] for parameter in parameters}
    return {"parameters": parameters, "parameter_types": json.dumps(types), "example": first_example}


def _fields(docs: Documentation) -> Iterator[Mapping[str, Any]]:
    """Yield the query parameters for the form on the page "Try it".

    Left out: `wait`, which has no effect on a stream, and parameters that allow only one value.
    """
    for parameter in docs.stream.parameters:
        if parameter["name"] != "wait" and len(parameter["schema"].get("enum", "any")) > 1:
            yield parameter


def _guide(docs: Documentation) -> Iterator[Heading]:
    yield from _second_level(docs.description)
    yield Heading(2, "install-a-client", "Install a client")


def _second_level(text: str) -> list[Heading]:
    return [heading for heading in render(text).headings if heading.level == 2]


def _events(docs: Documentation) -> Iterator[Heading]:
    yield Heading(2, "frame", "What a frame is")
    for event in docs.catalogue:
        yield Heading(2, event.name, event.name)
        for version in event.versions if len(event.versions) > 1 else ():
            yield Heading(3, f"{event.name}-{version.version}", version.version)


def _reference(docs: Documentation) -> Iterator[Heading]:
    for group in docs.groups:
        yield Heading(2, slug(group.name), group.name)
        for operation in group.operations:
            yield Heading(3, operation.id, f"{operation.method} {operation.path}")
