"""What axe-core finds in a page: https://github.com/dequelabs/axe-core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from playwright.sync_api import Page

from tests.node_packages.installed import node_package

_RUN: Final = """([options, besides]) =>
  axe.run({include: [['html']], exclude: besides.map((each) => [each])}, {resultTypes: ['violations'], ...options})"""


def findings(page: Page, options: Mapping[str, object] | None = None, besides: Sequence[str] = ()) -> list[str]:
    """Return the rules that a page breaks, each with the first place. The page needs `bypass_csp`.

    `options`: those of `axe.run`. `besides`: selectors of parts that are not judged.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate((node_package("axe-core") / "axe.min.js").read_text())
    result = page.evaluate(_RUN, [options or {}, list(besides)])
    return [f"{each['id']}: {each['nodes'][0]['target']}" for each in result["violations"]]
