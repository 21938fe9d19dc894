"""The documentation as files by their paths, rendered once: what is served, and what `orders-events docs` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.pages import site_paths as layout
from app.pages.client_package import client_package
from app.pages.content.documentation import Book, read_book
from app.pages.explorer import find_explorer
from app.pages.markup.commands import ORIGIN
from app.pages.markup.markdown import anchor, code_block, render, render_line, slug
from app.pages.markup.schema_rows import rows
from app.pages.page_list import POLICY, Page, pages, problem_name
from app.pages.site_paths import Layout
from app.specification.contracts import Contracts
from app.specification.derived.asyncapi import derive_asyncapi
from app.specification.derived.openapi_3_2 import derive_openapi_3_2
from app.specification.document import OpenApiDocument
from app.specification.openapi.problem_types import PREFIX
from app.specification.openapi.write import write_json

EXPLORER_SCRIPT: Final = f"{layout.ASSETS}scalar.js"

_EXPLORER_START: Final = "explorer.js"
_HERE: Final = Path(__file__).parent
_CLIENT: Final = _HERE / "client"
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ts": "application/typescript; charset=utf-8",
}
_HTML: Final = "text/html; charset=utf-8"
_JSON: Final = "application/json"


class File(NamedTuple):
    """A file of the site, and what its page may load."""

    content: bytes
    media_type: str
    policy: str = POLICY


def build_site(
    document: OpenApiDocument, contracts: Contracts, contracts_folder: Path, kind: Layout = Layout.SERVED
) -> dict[str, File]:
    """Make the files of the site, by their paths. Raises InvalidContract where a file of the contract has changed since."""
    book = read_book(document, contracts, contracts_folder)
    explorer = find_explorer() if kind is Layout.SERVED else None  # it needs a server to explore
    files = {kind.path(name): file for name, file in _assets(explorer)}
    environment = _environment()
    guide = render(book.description).headings
    all_pages = list(pages(book, guide, served=kind is Layout.SERVED, explorer=explorer is not None))
    for page in all_pages:
        html = environment.get_template(page.template).render(_context(page, all_pages, book, kind))
        files[kind.path(page.name)] = File(html.encode(), _HTML, page.policy)
    if kind is Layout.SERVED:
        files |= {path.name: _file(path) for path in sorted(_CLIENT.iterdir())}
        files["client.tgz"] = File(client_package(_CLIENT, book.version), "application/gzip")
        files |= dict(_dashboard_assets())
    else:
        files |= {kind.path(name): file for name, file in _documents(document, contracts)}
    return files


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader([_HERE / "templates", _HERE / "dashboard"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _assets(explorer: Path | None) -> Iterator[tuple[str, File]]:
    for path in sorted((_HERE / "assets").iterdir()):
        if explorer is not None or path.name != _EXPLORER_START:
            yield f"{layout.ASSETS}{path.name}", _file(path)
    if explorer is not None:
        yield EXPLORER_SCRIPT, _file(explorer)


def _dashboard_assets() -> Iterator[tuple[str, File]]:
    for path in sorted((_HERE / "dashboard").iterdir()):
        if path.suffix in _MEDIA_TYPES:
            yield f"{layout.DASHBOARD_ASSETS}{path.name}", _file(path)


def _file(path: Path) -> File:
    return File(path.read_bytes(), _MEDIA_TYPES[path.suffix])


def _documents(document: OpenApiDocument, contracts: Contracts) -> Iterator[tuple[str, File]]:
    """Give what a server answers itself: the documents for programs, and the schemas."""
    yield "openapi.yaml", File(document.yaml, "application/yaml")
    yield "openapi.json", File(document.json, _JSON)
    yield "openapi-3.2.json", File(write_json(derive_openapi_3_2(document.bundled)), _JSON)
    yield "asyncapi.json", File(write_json(derive_asyncapi(document.bundled)), _JSON)
    for event_type in (*contracts.event_types, *contracts.control_types):
        for version in contracts.versions(event_type):
            schema = contracts.get(event_type, version).schema
            yield f"event-types/{event_type}/{version}", File(write_json(schema), "application/schema+json")


def _context(page: Page, all_pages: list[Page], book: Book, kind: Layout) -> dict[str, Any]:
    """Give a template its page, the book, and functions that know where the page is."""
    terms = _terms(book, page.name, kind)
    return {
        "page": page,
        "pages": [each for each in all_pages if "/" not in each.name.removeprefix("docs/")],
        "book": book,
        "layout": layout,
        "served": kind is Layout.SERVED,
        "origin": ORIGIN,
        "link": partial(kind.link, page.name),
        "markdown": partial(render, terms=terms),
        "line": partial(render_line, terms=terms),
        "code": code_block,
        "json_text": partial(json.dumps, indent=2, ensure_ascii=False),
        "slug": slug,
        "schema_rows": lambda schema: list(rows(schema)),
        "anchor": anchor,
        "problem_name": problem_name,
        **page.values,
    }


def _terms(book: Book, here: str, kind: Layout) -> Mapping[str, str]:
    """Give the addresses of what descriptions name as code: event types, problems, operations."""
    link = partial(kind.link, here)
    return {
        **{event.name: link(layout.EVENTS, event.name) for event in book.catalogue},
        **{f"{PREFIX}{problem.slug}": link(problem_name(problem)) for problem in book.problems},
        **{problem.slug: link(problem_name(problem)) for problem in book.problems},
        **{f"{entry.method} {entry.path}": link(layout.REFERENCE, entry.id) for entry in book.entries},
    }
