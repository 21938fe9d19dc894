"""The paths of all pages and files of the documentation site, and the links between them.

Each page or file is identified by its path on the server, without the leading slash. Links are relative, so the site works under
any URL prefix.
"""

from __future__ import annotations

import posixpath
from enum import Enum

DASHBOARD = ""
HOME = "docs"
REFERENCE = "docs/reference"
EVENTS = "docs/events"
TRY = "docs/try"
CLIENTS = "docs/clients"
EXPLORER = "docs/explorer"
GRPC = "docs/grpc"
SETTINGS = "docs/settings"
OPERATE = "docs/operate"
NODES = "docs/nodes"
CHANGES = "docs/changes"
PROBLEMS = "problems"
ASSETS = "docs/assets/"
SEARCH_INDEX = "docs/assets/search.json"
DASHBOARD_ASSETS = "dashboard/"
DASHBOARD_BUNDLE = "dashboard/bundle.js"
NPM_PACKAGE = "client.tgz"
NEWEST_WHEEL = "client.whl"


def wheel(version: str) -> str:
    """Return the path of the Python client's wheel; the file name has the version, because pip reads it from there."""
    return f"clients/orders_events_client-{version}-py3-none-any.whl"


class Layout(Enum):
    """The two forms of the documentation site: sent by a server (SERVED), or written to a folder as files (FILES)."""

    SERVED = "served"
    FILES = "files"

    def path(self, name: str) -> str:
        """Return the path of a page or file in this form of the site.

        `name`: the path of the same page or file on a server.
        """
        return name if self is Layout.SERVED else _file(name)

    def link(self, here: str, name: str, fragment: str = "") -> str:
        """Return the relative link from the page `here` to the page or file `name`, or to the element `fragment` in it."""
        anchor = f"#{fragment}" if fragment else ""
        if name == here and anchor:
            return anchor
        # Only the folders are made relative; the last part is appended. `/problems` is a page, although other pages are below it.
        folder, last = posixpath.split(self.path(name))
        way = posixpath.relpath(folder or ".", posixpath.dirname(self.path(here)) or ".")
        return posixpath.normpath(posixpath.join(way, last)) + anchor


def _file(name: str) -> str:
    if name == HOME:
        return "index.html"
    if name.startswith(ASSETS):
        return name.removeprefix("docs/")
    if name.startswith("event-types/"):
        return f"{name}.json"
    return name if posixpath.splitext(name)[1] in {".json", ".proto", ".yaml"} else f"{name.removeprefix('docs/')}.html"
