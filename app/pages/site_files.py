"""The files of the documentation site that are not pages: scripts, style sheets, client packages, documents and schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from app.pages import site_paths
from app.pages.client_wheel import client_wheel
from app.pages.module_bundle import bundle
from app.pages.npm_package import npm_package
from app.pages.page_list import POLICY
from app.specification.contracts import Contracts
from app.specification.derived.protobuf.proto_text import PROTO, write_proto
from app.specification.document import OpenApiDocument
from app.specification.openapi.write import write_json

EXPLORER_DISTRIBUTION: Final = "flask-openapi3-scalar"

_EXPLORER_SCRIPT: Final = "scalar.standalone.js"
_EXPLORER_START: Final = "explorer.js"
_HERE: Final = Path(__file__).parent
_BROWSER_CLIENT: Final = _HERE / "client"
_WORKER: Final = "client.worker.js"
_PYTHON_CLIENT: Final = _HERE.parent / "client"
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ts": "application/typescript; charset=utf-8",
}
_JSON: Final = "application/json"


class File(NamedTuple):
    """A file of the documentation site; `policy` is the value of its Content-Security-Policy header."""

    content: bytes
    media_type: str
    policy: str = POLICY


class RenderedFile:
    """A page of the documentation site, which is a `File` whose content is rendered when it is read for the first time.

    To render all pages takes a fifth of the time of a server's start, and most servers are never asked for most pages.

    `render`: returns the content. It is called from any thread.
    """

    def __init__(self, render: Callable[[], bytes], media_type: str, policy: str) -> None:
        self._render = render
        self.media_type = media_type
        self.policy = policy

    @cached_property
    def content(self) -> bytes:
        return self._render()


SiteFile: TypeAlias = File | RenderedFile


def page_assets(explorer: Path | None) -> Iterator[tuple[str, File]]:
    """Yield the path and content of the scripts, style sheets and icon of the documentation pages.

    `explorer`: the script of the interactive API explorer, which is optional; None if the script is not installed.
    """
    for path in sorted((_HERE / "assets").iterdir()):
        if explorer is not None or path.name != _EXPLORER_START:
            yield f"{site_paths.ASSETS}{path.name}", _file(path)
    if explorer is not None:
        yield f"{site_paths.ASSETS}scalar.js", _file(explorer)


def dashboard_assets() -> Iterator[tuple[str, SiteFile]]:
    """Yield the path and content of the files of the dashboard: its modules, and one that has all of them and the browser client."""
    for path in sorted((_HERE / "dashboard").iterdir()):
        if path.suffix in _MEDIA_TYPES:
            yield f"{site_paths.DASHBOARD_ASSETS}{path.name}", _file(path)
    yield site_paths.DASHBOARD_BUNDLE, _bundled(f"{site_paths.DASHBOARD_ASSETS}main.js", site_paths.DASHBOARD_BUNDLE)


def _bundled(entry: str, here: str) -> RenderedFile:
    """Return the module `entry` and everything that it imports as one file, for the path `here`."""

    def read(path: str) -> str:
        folder = _HERE if path.startswith(site_paths.DASHBOARD_ASSETS) else _BROWSER_CLIENT
        return (folder / path).read_text("utf-8")

    return RenderedFile(lambda: bundle(entry, here, read).encode(), _MEDIA_TYPES[".js"], POLICY)


def clients(version: str) -> Iterator[tuple[str, SiteFile]]:
    """Yield the path and content of the client files: the browser client, its npm package, and the wheel of the Python client.

    The shared worker comes with what it imports: nothing else imports it, so its modules need not be the same as those of a page.
    """
    for path in sorted(_BROWSER_CLIENT.iterdir()):
        if path.name == _WORKER:
            yield _WORKER, _bundled(_WORKER, _WORKER)
        elif path.suffix in _MEDIA_TYPES:
            yield path.name, _file(path)
    yield site_paths.NPM_PACKAGE, File(npm_package(_BROWSER_CLIENT, version), "application/gzip")
    yield site_paths.wheel(version), File(client_wheel(_PYTHON_CLIENT, version), "application/zip")


def documents(document: OpenApiDocument, contracts: Contracts) -> Iterator[tuple[str, File]]:
    """Yield the path and content of the OpenAPI documents, the AsyncAPI document, the `.proto` and the event schemas.

    They are part of the site only if it is written as files; a server serves the documents through operations of the contract.
    """
    yield "openapi.yaml", File(document.yaml, "application/yaml")
    yield "openapi.json", File(document.json, _JSON)
    yield "openapi-3.2.json", File(document.openapi_3_2, _JSON)
    yield "openapi-clients.json", File(document.openapi_clients, _JSON)
    yield "asyncapi.json", File(document.asyncapi, _JSON)
    yield PROTO, File(write_proto(document.proto).encode(), "text/plain; charset=utf-8")
    for event_type in (*contracts.event_types, *contracts.control_types):
        for version in contracts.versions(event_type):
            schema = contracts.get(event_type, version).schema
            yield f"event-types/{event_type}/{version}", File(write_json(schema), "application/schema+json")


def find_explorer() -> Path | None:
    """Return the path of the script of Scalar, an interactive API explorer (MIT licence); None if it is not installed.

    The script is optional. It is in the package `flask-openapi3-scalar`, which is installed without its dependencies; none of
    that package's Python code is imported.
    """
    try:
        installed = files(EXPLORER_DISTRIBUTION) or []
    except PackageNotFoundError:
        return None
    for path in installed:
        if path.name == _EXPLORER_SCRIPT:
            located = Path(str(path.locate()))
            return located if located.is_file() else None
    return None


def _file(path: Path) -> File:
    return File(path.read_bytes(), _MEDIA_TYPES[path.suffix])
