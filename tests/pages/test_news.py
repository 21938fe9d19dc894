"""The page "What's new" has every release of the changelog, and what the gate finds in the contract since the last one."""

from __future__ import annotations

import re
from pathlib import Path

from app.pages.content.news import read_news, read_releases
from tests.pages.contract import ROOT, page, read, site, words
from tests.support.contract_copy import ContractCopy

CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


def test_every_release_and_every_line_of_the_changelog_is_on_the_page() -> None:
    releases = read_releases(ROOT)
    assert [each.version for each in releases] == re.findall(r"^## \[?([^\]\s]+)", CHANGELOG, re.MULTILINE)
    shown = words(page("docs/changes")).replace("*", "")
    for point in re.findall(r"^- ((?:.+\n)(?:  .+\n)*)", CHANGELOG, re.MULTILINE):
        assert " ".join(re.sub(r"[`*]", "", point).split()) in shown


def test_page_lists_what_the_contract_has_that_is_not_released(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    (copy.root / "CHANGELOG.md").write_text(
        "## [1.0.0] - 2026-11-20\n\n### Added\n- `a`\n\n## [0.9.0]\n\n### Added\n- `b`\n"
    )
    copy.document.write_text(
        copy.document.read_text().replace("summary: Stream order events", "summary: Follow order events", 1)
    )
    made = read(site(root=copy.root)["docs/changes"].content)
    (since,) = made.all("section", aria_labelledby="unreleased")
    assert "paths./events/orders.get" in words(since)
    assert [words(each) for each in made.all("h2") if each.attributes["id"].startswith("release")] == [
        "1.0.0#",
        "0.9.0#",
    ]


def test_contract_without_a_record_or_a_changelog_has_no_news(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    (copy.root / "openapi" / "released.json").unlink(missing_ok=True)
    (copy.contracts / "released.json").unlink(missing_ok=True)
    assert read_news(copy.root) is None
    assert "docs/changes" not in site(root=copy.root)
    assert "new" not in words(next(read(site(root=copy.root)["docs"].content).all("footer")))
