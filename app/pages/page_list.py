"""The pages of the documentation: what each is called, which template shows it, and what its table of contents lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from app.pages import site_paths as layout
from app.pages.content.documentation import Book
from app.pages.content.operation_reference import example_values
from app.pages.content.problem_kinds import ProblemKind
from app.pages.markup.markdown import Heading, slug

POLICY: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
EXPLORER_POLICY: Final = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
    "img-src 'self'", "img-src 'self' data:"
)
"""Scalar writes its own style sheets."""


class Page(NamedTuple):
    """A page: its path, its title, its template and the values that it needs."""

    name: str
    title: str
    template: str
    headings: list[Heading]
    values: Mapping[str, Any]
    policy: str = POLICY


def pages(book: Book, guide: list[Heading], *, served: bool, explorer: bool) -> Iterator[Page]:
    """Go through all pages; `guide` has the headings of the contract's own description."""
    if (
        served
    ):  # it shows the stream of the server that it came from; among files, the page to try has a field for a server
        yield Page(layout.DASHBOARD, "Dashboard", "dashboard.html", [], {})
    yield Page(layout.HOME, "Guide", "guide.html", [each for each in guide if each.level == 2], {})
    yield Page(layout.EVENTS, "Events", "events.html", list(_events(book)), {})
    yield Page(layout.TRY, "Try it", "try.html", [], {"parameters": list(_fields(book)), "shown": shown})
    yield Page(layout.REFERENCE, "Reference", "reference.html", list(_reference(book)), {})
    yield Page(layout.PROBLEMS, "Problems", "problems.html", [], {})
    if explorer:
        yield Page(layout.EXPLORER, "Explorer", "explorer.html", [], {}, EXPLORER_POLICY)
    for problem in book.problems:
        yield Page(problem_name(problem), problem.example["title"], "problem.html", [], {"problem": problem})


def shown(parameter: Mapping[str, Any]) -> str:
    """Write the first example of a parameter, as it is typed."""
    value = next(iter(example_values(parameter)), "")
    return ",".join(value) if isinstance(value, list) else str(value)


def problem_name(problem: ProblemKind) -> str:
    """Name the page of a problem by the problem's type: the address in a problem document leads there."""
    return f"{layout.PROBLEMS}/{problem.slug}"


def _fields(book: Book) -> Iterator[Mapping[str, Any]]:
    """Go through the parameters that a reader can try: those that say something to a stream, and leave a choice."""
    for parameter in book.stream.parameters:
        if parameter["name"] != "wait" and len(parameter["schema"].get("enum", "any")) > 1:
            yield parameter


def _events(book: Book) -> Iterator[Heading]:
    yield Heading(2, "frame", "What a frame is")
    for event in book.catalogue:
        yield Heading(2, event.name, event.name)
        for version in event.versions if len(event.versions) > 1 else ():
            yield Heading(3, f"{event.name}-{version.version}", version.version)


def _reference(book: Book) -> Iterator[Heading]:
    for group in book.groups:
        yield Heading(2, slug(group.name), group.name)
        for entry in group.entries:
            yield Heading(3, entry.id, f"{entry.method} {entry.path}")
