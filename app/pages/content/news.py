"""The content of the page "What's new": the releases in the changelog, and what the gate finds in the contract since the last one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from app.compatibility.gate import unreleased
from app.compatibility.rules.change import Change
from app.pages.markup.markdown import slug
from app.specification.pointer import dotted
from app.specification.version import Step

CHANGELOG: Final = "CHANGELOG.md"
_RELEASE: Final = re.compile(
    r"^## \[?(?P<version>[^\]\s]+)\]?(?: - (?P<date>\S+))?\n(?P<text>(?:(?!## ).*\n?)*)", re.MULTILINE
)
_STEPS: Final = {Step.MAJOR: "breaks clients", Step.MINOR: "an addition"}


class Release(NamedTuple):
    """A section of the changelog: `text` is Markdown, and `date` is empty if it has not been released."""

    version: str
    date: str
    text: str

    @property
    def id(self) -> str:
        return f"release-{slug(self.version)}"


class News(NamedTuple):
    """What the present contract has that the last release, `since`, has not, as Markdown sentences."""

    since: str
    changes: Sequence[str]


def read_releases(root: Path) -> list[Release]:
    """Return the sections of the changelog in the folder of a contract, in the form of keepachangelog.com; empty if there is none."""
    file = root / CHANGELOG
    text = file.read_text("utf-8") if file.is_file() else ""
    return [Release(found["version"], found["date"] or "", found["text"]) for found in _RELEASE.finditer(text)]


def read_news(root: Path) -> News | None:
    """Return what is new in a contract since its last release; None if nothing has been released.

    Raises InvalidContract if the record of the last release cannot be read.
    """
    found = unreleased(root)
    if found is None:
        return None
    return News(found.since, [_sentence(each) for each in found.changes])


def _sentence(change: Change) -> str:
    place = f"`{dotted(change.pointer) or 'the document'}`"
    return (
        f"{place}: {change.what} ({_STEPS[change.step]})." if change.step in _STEPS else f"{place}: only words changed."
    )
