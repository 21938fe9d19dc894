"""The index of the search has every section of every page, with a link that leads to it."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from app.pages.search_index import Section, sections
from app.pages.site_paths import Layout
from tests.pages.contract import SETTINGS, pages, site

INDEX = {Layout.SERVED: "docs/assets/search.json", Layout.FILES: "assets/search.json"}


def index(layout: Layout) -> list[dict[str, Any]]:
    return list(json.loads(site(layout)[INDEX[layout]].content))


def test_sections_are_parts_of_the_main_part_that_begin_at_headings_and_rows() -> None:
    html = """<h1>Not here</h1><main><h1>All</h1><p>A <code>b</code>c,<br>d.</p><button>Copy</button>
      <h2 id="one">On<b>e</b><a class="anchor" href="#one">#</a></h2><table><tr id="x"><th><code>--x</code><span>X_X</span></th>
      <td>What</td></tr></table></main><h2 id="after">Not here</h2>"""
    assert list(sections(html)) == [
        Section(1, "", "All", "A bc, d."),
        Section(2, "one", "One", ""),
        Section(5, "x", "--x", "X_X What"),
    ]


@pytest.mark.parametrize("layout", Layout)
def test_every_page_is_in_the_index_and_every_link_has_a_target(layout: Layout) -> None:
    found = set()
    for entry in index(layout):
        address = urlsplit(urljoin(f"https://here.example/{INDEX[layout]}", entry["url"]))
        name = address.path.removeprefix("/")
        found.add(name)
        assert any(pages(layout)[name].all(id=address.fragment)) or not address.fragment
        assert re.search(r"\S", entry["title"] + entry["text"])
    assert found == {name for name in pages(layout) if name not in {"", "docs/explorer"}}


def test_settings_and_operations_are_found_by_their_names() -> None:
    titles = {entry["title"] for entry in index(Layout.SERVED)}
    assert {setting.flag for setting in SETTINGS} <= titles
    assert {"GET /events/orders", "stream.gap", "lastEventId", "A full disk"} <= titles
    assert ("Reference, Events, GET /events/orders, Parameters", "lastEventId") in {
        (entry["page"], entry["title"]) for entry in index(Layout.SERVED)
    }
