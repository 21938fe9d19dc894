"""Build all files of the documentation site. The server sends the files; `orders-events docs` writes them to a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.pages import site_paths
from app.pages.content.documentation import Documentation, SettingDocs, read_documentation
from app.pages.content.event_key import short_name
from app.pages.markup.commands import ORIGIN
from app.pages.markup.markdown import anchor, code_block, render, render_line, slug
from app.pages.markup.schema_rows import rows
from app.pages.page_list import POLICY, Page, pages, problem_name
from app.pages.search_index import search_index
from app.pages.site_files import (
    RenderedFile,
    SiteFile,
    clients,
    dashboard_assets,
    documents,
    find_explorer,
    page_assets,
)
from app.pages.site_paths import Layout
from app.specification.contracts import Contracts
from app.specification.document import OpenApiDocument
from app.specification.openapi.statements.problem_types import PREFIX

_HERE: Final = Path(__file__).parent
_HTML: Final = "text/html; charset=utf-8"


def build_site(
    document: OpenApiDocument,
    contracts: Contracts,
    contracts_folder: Path,
    settings: Sequence[SettingDocs],
    layout: Layout = Layout.SERVED,
) -> dict[str, SiteFile]:
    """Return all files of the documentation site by path. A page is rendered when its content is read.

    `settings`: the settings of the server, for the page that lists them.
    `layout`: whether a server sends the files or the files are written to a folder; paths and links differ.
    Raises InvalidContract if an example file can no longer be read.
    """
    docs = read_documentation(document, contracts, contracts_folder, settings)
    served = layout is Layout.SERVED
    explorer = find_explorer() if served else None  # without a server there is nothing to explore
    files: dict[str, SiteFile] = {layout.path(name): file for name, file in page_assets(explorer)}
    environment = _environment()
    all_pages = list(pages(docs, contracts_folder.parent, served=served, explorer=explorer is not None))
    for page in all_pages:
        render = partial(_render, environment, page, all_pages, docs, layout)
        files[layout.path(page.name)] = RenderedFile(render, _HTML, page.policy)
    files[layout.path(site_paths.SEARCH_INDEX)] = RenderedFile(
        partial(_index, all_pages, files, layout), "application/json", POLICY
    )
    if served:
        return files | dict(clients(docs.version)) | dict(dashboard_assets())
    return files | {layout.path(name): file for name, file in documents(document, contracts)}


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader([_HERE / "templates", _HERE / "dashboard"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(environment: Environment, page: Page, all_pages: list[Page], docs: Documentation, layout: Layout) -> bytes:
    html = environment.get_template(page.template).render(_context(page, all_pages, docs, layout))
    return html.encode()


def _index(all_pages: Iterable[Page], files: Mapping[str, SiteFile], layout: Layout) -> bytes:
    link = partial(layout.link, site_paths.SEARCH_INDEX)
    return search_index(
        (page.title, link(page.name), files[layout.path(page.name)].content) for page in all_pages if page.name
    )


def _context(page: Page, all_pages: list[Page], docs: Documentation, layout: Layout) -> dict[str, Any]:
    """Return the variables for the template of a page: the page, the documentation, and functions such as `link`.

    The functions return links that are relative to the page.
    """
    terms = _terms(docs, page.name, layout)
    return {
        "page": page,
        "pages": [
            each for each in all_pages if "/" not in each.name.removeprefix("docs/") and each.name != site_paths.CHANGES
        ],
        "has_changes": any(each.name == site_paths.CHANGES for each in all_pages),
        "docs": docs,
        "paths": site_paths,
        "served": layout is Layout.SERVED,
        "asks_for_tokens": docs.needs_tokens and layout is Layout.SERVED,
        "origin": ORIGIN,
        "link": partial(layout.link, page.name),
        "markdown": partial(render, terms=terms),
        "line": partial(render_line, terms=terms),
        "code": code_block,
        "json_text": partial(json.dumps, indent=2, ensure_ascii=False),
        "slug": slug,
        "short_name": short_name,
        "schema_rows": lambda schema: list(rows(schema)),
        "anchor": anchor,
        "problem_name": problem_name,
        **page.values,
    }


def _terms(docs: Documentation, here: str, layout: Layout) -> Mapping[str, str]:
    """Return a mapping from names to URLs, so that names in inline code become links.

    The names are the event types, problem types, operations and settings.
    """
    link = partial(layout.link, here)
    return {
        **{event.name: link(site_paths.EVENTS, event.name) for event in docs.catalogue},
        **{f"{PREFIX}{problem.slug}": link(problem_name(problem)) for problem in docs.problems},
        **{problem.slug: link(problem_name(problem)) for problem in docs.problems},
        **{f"{each.method} {each.path}": link(site_paths.REFERENCE, each.id) for each in docs.operations},
        **{each.flag: link(site_paths.SETTINGS, each.flag.lstrip("-")) for each in docs.settings},
    }
