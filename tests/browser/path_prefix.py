"""A reverse proxy that serves a server below a path of its own, as an ingress does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Final

import httpx

from tests.support.threaded import serving

PREFIX: Final = "/shop/orders"
_FORWARDED: Final = ("accept", "content-type", "host")
_RETURNED: Final = ("content-type", "content-security-policy", "location")


@contextmanager
def below_a_path(server_url: str) -> Iterator[str]:
    """Serve whole answers of a server below a path prefix, which the proxy removes; yield the URL with the prefix."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(f"{PREFIX}/"):
                self.send_error(404)
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() in _FORWARDED}
            response = httpx.get(
                f"{server_url}{self.path.removeprefix(PREFIX)}", headers=headers, trust_env=False, timeout=60
            )
            self.send_response(response.status_code)
            for name in _RETURNED:
                if name in response.headers:
                    self.send_header(name, response.headers[name])
            self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Proxy) as origin:
        yield f"{origin}{PREFIX}"
