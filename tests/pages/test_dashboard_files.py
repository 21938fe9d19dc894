"""The dashboard has its own files and the strictest policy, and is not among the pages that are written as files."""

from __future__ import annotations

import re

import pytest

from app.pages.site_paths import Layout
from tests.pages.contract import ROOT, page, site, words

DASHBOARD = ROOT / "app" / "pages" / "dashboard"


def test_dashboard_has_the_policy_of_every_page_and_nothing_unsafe() -> None:
    policy = site()[""].policy
    assert policy == site()["docs"].policy
    assert "unsafe" not in policy


def test_dashboard_is_not_among_the_files_that_need_no_server() -> None:
    names = site(Layout.FILES)
    assert not [name for name in names if "dashboard" in name]
    assert not [link for link in page("docs").all("a", href=".") if link.text != "Dashboard"]
    assert "Dashboard" not in site(Layout.FILES)["index.html"].content.decode()


@pytest.mark.parametrize("name", sorted(path.name for path in DASHBOARD.glob("*.js")))
def test_imports_of_a_module_are_served(name: str) -> None:
    script = site()[f"dashboard/{name}"].content.decode()
    for imported in re.findall(r"from '([^']+)'", script):
        served = imported.removeprefix("../") if imported.startswith("../") else imported.replace("./", "dashboard/")
        assert served in site()


@pytest.mark.parametrize("name", sorted(path.name for path in DASHBOARD.glob("*.js")))
def test_modules_never_insert_html(name: str) -> None:
    script = (DASHBOARD / name).read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", script)


def test_ids_that_the_modules_look_up_are_on_the_page() -> None:
    ids = {element.attributes.get("id") for element in page("").all()}
    for path in DASHBOARD.glob("*.js"):
        for looked_up in re.findall(r"(?:element|copy|getElementById)\('([\w-]+)'\)", path.read_text()):
            assert looked_up in ids, path.name


def test_page_that_needs_scripts_says_so_and_names_an_alternative() -> None:
    (without,) = page("").all("noscript")
    assert "curl -N 'http://127.0.0.1:8000/events/orders'" in words(without)
