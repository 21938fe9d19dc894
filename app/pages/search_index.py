"""Make the index that the pages are searched with: their sections as JSON, from the HTML of the pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Final, NamedTuple

_TITLES: Final = {"h1": "h1", "h2": "h2", "h3": "h3", "h4": "h4", "tr": "code"}
"""The element that has the title of a section, by the element with which the section begins."""

_INLINE: Final = frozenset({"a", "b", "code", "em", "span", "strong"})
_IS_NOT_TEXT: Final = frozenset({"noscript", "button", "label", "option", "textarea"})


class Section(NamedTuple):
    """A part of a page that a search can find: it begins at a heading or a row of a table that has an id.

    `level`: the level of the heading, from 1; a row has the level 5.
    `id`: the id of the heading or row; empty for the part under the title of the page.
    """

    level: int
    id: str
    title: str
    text: str


def search_index(pages: Iterable[tuple[str, str, bytes]]) -> bytes:
    """Return the sections of pages as a JSON array of objects with `page`, `url`, `title` and `text`.

    `pages`: for each page its title, its URL and its HTML.
    """
    found = [entry for page, url, html in pages for entry in _entries(page, url, html.decode())]
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _entries(page: str, url: str, html: str) -> Iterator[dict[str, str]]:
    """Yield the sections of a page; `page` names the section around, too, because `Answers` alone says little."""
    around: list[Section] = []
    for section in sections(html):
        around = [each for each in around if each.level < section.level]
        name = ", ".join([page, *(each.title for each in around[1:])])
        around.append(section)
        where = f"{url}#{section.id}" if section.id else url
        yield {"page": name, "url": where, "title": section.title, "text": section.text}


def sections(html: str) -> Iterator[Section]:
    """Yield the sections of the main part of a page."""
    reader = _SectionReader()
    reader.feed(html)
    reader.close()
    for begin, section_id, title, text in reader.found:
        yield Section(list(_TITLES).index(begin) + 1, section_id, _line(title), _line(text))


def _line(parts: list[str]) -> str:
    return " ".join("".join(parts).split())


class _SectionReader(HTMLParser):
    """Collects the id, the title and the text of each section of the element `main`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str, list[str], list[str]]] = []
        self._in_main = False
        self._skipped: str | None = None  # the element that is not text, in which the parser is
        self._titled: str | None = None  # the element that will have the title of the newest section, or has it
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self._in_main |= tag == "main"
        if self._skipped is None and (tag in _IS_NOT_TEXT or attributes.get("class") == "anchor"):
            self._skipped = tag
        if self._in_main and tag in _TITLES and (tag == "h1" or attributes.get("id")):
            self.found.append((tag, attributes.get("id") or "", [], []))
            self._titled = _TITLES[tag]
        self._in_title |= tag == self._titled
        self._separate(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in_main &= tag != "main"
        if tag == self._skipped:
            self._skipped = None
        if self._in_title and tag == self._titled:
            self._in_title, self._titled = False, None
        self._separate(tag)

    def handle_data(self, data: str) -> None:
        if self._in_main and self._skipped is None and self.found:
            *_, title, text = self.found[-1]
            (title if self._in_title else text).append(data)

    def _separate(self, tag: str) -> None:
        """Keep the texts of two blocks apart, and the parts of a word together."""
        if tag not in _INLINE:
            self.handle_data(" ")
