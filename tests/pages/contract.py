"""The pages of the repository's contract or of a copy, and HTML parsed by the standard library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from app.pages import SettingDocs, build_site
from app.pages.site_files import SiteFile
from app.pages.site_paths import Layout
from app.settings import documented
from app.specification.contracts import load_contracts
from app.specification.document import load_document

ROOT = Path(__file__).parents[2]
SETTINGS = [SettingDocs(*row) for row in documented()]
VOID = frozenset({"meta", "link", "img", "input", "br", "hr"})


@cache
def site(layout: Layout = Layout.SERVED, root: Path = ROOT) -> dict[str, SiteFile]:
    contracts = load_contracts(root / "contracts")
    return build_site(load_document(root, contracts), contracts, root / "contracts", SETTINGS, layout)


@dataclass
class Element:
    """An element of a page."""

    name: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, name: str = "", **attributes: str) -> Iterator[Element]:
        """Yield the descendants that have a name and these attributes; `class_` must be one of the classes."""
        for child in self.children:
            if isinstance(child, Element):
                if child.name == (name or child.name) and child.has(attributes):
                    yield child
                yield from child.all(name, **attributes)

    def has(self, attributes: dict[str, str]) -> bool:
        expected = {key.replace("_", "-"): value for key, value in attributes.items() if key != "class_"}
        classes = self.attributes.get("class", "").split()
        fits = all(self.attributes.get(key) == value for key, value in expected.items())
        return fits and attributes.get("class_", next(iter(classes), "")) in [*classes, ""]


class _Reader(HTMLParser):
    """Builds elements, and fails if one is not closed in the right order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"</{tag}> where <{self.open[-1].name}> is open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(html: str | bytes) -> Element:
    """Parse a page; fail if it is not well formed."""
    reader = _Reader()
    reader.feed(html if isinstance(html, str) else html.decode())
    reader.close()
    assert len(reader.open) == 1, f"<{reader.open[-1].name}> is not closed"
    return reader.open[0]


@cache
def pages(layout: Layout = Layout.SERVED) -> dict[str, Element]:
    return {name: read(file.content) for name, file in site(layout).items() if file.media_type.startswith("text/html")}


def page(name: str) -> Element:
    return pages()[name]


def words(element: Element | Any) -> str:
    """Return the text of an element with single spaces between its words."""
    return " ".join(element.text.split())
