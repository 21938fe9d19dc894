"""WebKitGTK's MiniBrowser, driven over WebDriver: https://www.w3.org/TR/webdriver2/."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from tests.browser.engines.programs import display, started
from tests.browser.engines.tab import Engine, Tab
from tests.support.ports import own_port
from tests.support.programs import needed, unavailable
from tests.transports.http.orders import eventually

START_SECONDS: Final = 120  # machines that run tests are busy
ANSWER_SECONDS: Final = 300

_ENVIRONMENT: Final = {
    "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    "GTK_A11Y": "none",  # no services for accessibility, which would outlive the browser
    "NO_AT_BRIDGE": "1",
    "WEBKIT_DISABLE_COMPOSITING_MODE": "1",  # there is no graphics card
    "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
}
_CALLED: Final = """const done = arguments[arguments.length - 1];
SCRIPT.then((text) => done({ text }), (error) => done({ error: `${error} ${error.stack}` }));"""


@contextmanager
def running_webkit(folder: Path) -> Iterator[WebKit]:
    """Start MiniBrowser on a display of its own; skip or fail the test if it, its driver or Xvfb is not installed."""
    driver, xvfb, port = needed("WebKitWebDriver"), needed("Xvfb"), own_port()
    browser = _minibrowser()
    with (
        display(xvfb) as name,
        started([driver, f"--port={port}"], folder, {**_ENVIRONMENT, "DISPLAY": name}) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=ANSWER_SECONDS, trust_env=False) as http,
    ):
        assert eventually(lambda: _is_ready(http), START_SECONDS), (folder / "output").read_text()
        webkit = WebKit(http, browser, process.pid)
        yield webkit
        webkit.end()


def _minibrowser() -> str:
    """Return the path of MiniBrowser, which Debian installs beside the processes of WebKitGTK."""
    for found in sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")):
        return str(found)
    return unavailable("MiniBrowser of WebKitGTK is not installed.")


def _is_ready(http: httpx.Client) -> bool:
    try:
        return bool(http.get("/status").json()["value"]["ready"])
    except httpx.HTTPError:
        return False


class WebKit(Engine):
    """A running MiniBrowser. `http`: a client of its driver."""

    def __init__(self, http: httpx.Client, browser: str, pid: int) -> None:
        self._http = http
        self._pid = pid
        self._session = ""
        options = {"binary": browser, "args": ["--automation"]}
        capabilities = {"webkitgtk:browserOptions": options, "timeouts": {"script": ANSWER_SECONDS * 1000}}
        self._session = "/" + self.call("POST", "session", capabilities={"alwaysMatch": capabilities})["sessionId"]
        self._first = self.call("GET", "window")

    @property
    def pid(self) -> int:
        return self._pid

    def open(self, url: str) -> WebKitTab:
        self.call("POST", "window", handle=self._first)  # a new window needs one that is open
        tab = WebKitTab(self, self.call("POST", "window/new", type="window")["handle"])
        tab.goto(url)
        return tab

    def call(self, method: str, path: str, **body: Any) -> Any:
        """Call a command of the protocol, and return its value."""
        url = f"/session{self._session}/{path}" if self._session else f"/{path}"
        answer = self._http.request(method, url.rstrip("/"), json=body if method == "POST" else None)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def end(self) -> None:
        self.call("DELETE", "")


class WebKitTab(Tab):
    """A page in WebKit: a window."""

    def __init__(self, webkit: WebKit, handle: str) -> None:
        self._webkit = webkit
        self._handle = handle

    def goto(self, url: str) -> None:
        self._call("url", url=url)

    def back(self) -> None:
        self.evaluate("void setTimeout(() => history.back())")

    def resize(self, width: int, height: int) -> None:
        self._call("window/rect", width=width, height=height)
        width_of_frame, height_of_frame = self.evaluate(f"[{width} - innerWidth, {height} - innerHeight]")
        self._call("window/rect", width=width + width_of_frame, height=height + height_of_frame)

    def close(self) -> None:
        self._call()
        self._webkit.call("DELETE", "window")

    def _text_of(self, script: str) -> str:
        value = self._call("execute/async", script=_CALLED.replace("SCRIPT", script), args=[])
        assert "text" in value, value
        return str(value["text"])

    def _call(self, path: str = "", **body: Any) -> Any:
        """Call a command in this window, or only switch to it."""
        self._webkit.call("POST", "window", handle=self._handle)
        return self._webkit.call("POST", path, **body) if path else None
