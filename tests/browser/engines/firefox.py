"""Firefox, driven over WebDriver BiDi, which it speaks itself: https://w3c.github.io/webdriver-bidi/."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

from tests.browser.engines.programs import started
from tests.browser.engines.tab import Engine, Tab
from tests.support.programs import needed

START_SECONDS: Final = 120  # machines that run tests are busy
ANSWER_SECONDS: Final = 300

_ADDRESS: Final = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_PREFERENCES: Final = {
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processPrelaunch.enabled": False,  # no processes for pages that nobody opens
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 0,
    "services.settings.server": "data:,",  # it asks no server for settings
    "toolkit.telemetry.enabled": False,
}


@contextmanager
def running_firefox(folder: Path) -> Iterator[Firefox]:
    """Start a Firefox with a new profile in `folder`; skip or fail the test if it is not installed."""
    program = needed("firefox-esr", "firefox")
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in _PREFERENCES.items()]
    (folder / "user.js").write_text("".join(lines))
    options = ("--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0")
    with (
        started([program, *options], folder) as process,
        connect(f"{_address(folder / 'output')}/session", max_size=None, proxy=None) as socket,
    ):
        firefox = Firefox(socket, process.pid)
        firefox.call("session.new", capabilities={})
        yield firefox


class Firefox(Engine):
    """A running Firefox."""

    def __init__(self, socket: ClientConnection, pid: int) -> None:
        self._socket = socket
        self._pid = pid
        self._numbers = itertools.count(1)

    @property
    def pid(self) -> int:
        return self._pid

    def open(self, url: str) -> FirefoxTab:
        tab = FirefoxTab(self, self.call("browsingContext.create", type="window")["context"])
        tab.goto(url)
        return tab

    def call(self, method: str, **params: Any) -> Any:
        """Call a command of the protocol, and return its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (message := json.loads(self._socket.recv(ANSWER_SECONDS))).get("id") != number:
            pass
        assert message["type"] == "success", message
        return message["result"]


class FirefoxTab(Tab):
    """A page in Firefox: a browsing context."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    def goto(self, url: str) -> None:
        self._firefox.call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def back(self) -> None:
        self._firefox.call("browsingContext.traverseHistory", context=self._context, delta=-1)

    def resize(self, width: int, height: int) -> None:
        self._firefox.call(
            "browsingContext.setViewport", context=self._context, viewport={"width": width, "height": height}
        )

    def close(self) -> None:
        self._firefox.call("browsingContext.close", context=self._context)

    def _text_of(self, script: str) -> str:
        target = {"context": self._context}
        evaluated = self._firefox.call("script.evaluate", expression=script, target=target, awaitPromise=True)
        assert evaluated["type"] == "success", evaluated
        return str(evaluated["result"]["value"])


def _address(output: Path) -> str:
    """Return the address at which Firefox can be driven, once it has printed it."""
    deadline = time.monotonic() + START_SECONDS
    while not (found := _ADDRESS.search(output.read_text(errors="replace"))):
        assert time.monotonic() < deadline, output.read_text(errors="replace")
        time.sleep(0.05)
    return found[1]
