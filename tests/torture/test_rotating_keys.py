"""An issuer over TLS that rotates its keys, and is out of reach meanwhile, under load: no valid client is refused."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from joserfc.jwk import ECKey

from app.access.tokens.refreshed_keys import URL_PACE
from tests.support.server_process import QUICK, ServerProcess
from tests.support.threaded import ThreadedServer
from tests.support.tls import make_certificate, needs_openssl, speak_tls
from tests.support.tokens import AUDIENCE, ISSUER, token
from tests.transports.http.orders import EVENTS, PAGE, shipped

OLD, STAYING, NEXT = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("old", "staying", "next"))
RULES = ("--algorithm", "ES256", "--issuer", ISSUER, "--audience", AUDIENCE, "--public-url", AUDIENCE)
CLIENTS = 4  # of each kind
PATIENCE_SECONDS = 120


class Issuer:
    """An issuer over https. `keys`: its JWK Set; None while it is out of reach. `reads`: how often it was asked."""

    def __init__(self, *keys: ECKey) -> None:
        self.keys: Sequence[ECKey] | None = keys
        self.reads = 0

    @contextmanager
    def serving(self, folder: Path) -> Iterator[str]:
        issuer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.reads += 1
                if issuer.keys is None:
                    return  # and the connection ends
                body = json.dumps({"keys": [key.as_dict(private=False) for key in issuer.keys]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadedServer(ThreadingHTTPServer(("127.0.0.1", 0), Answers))
        speak_tls(server, make_certificate(folder))
        with server:
            yield f"{server.url}/keys"


def signed(key: ECKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(key=key)}"}


class Load:
    """Clients of one key. They publish and read pages until `asked_enough` is set, and follow the stream until `stop` is.

    `answers`: the number of answers by status. `endings`: when the server said that it ends a stream, and its words.
    """

    def __init__(self, url: str, key: ECKey) -> None:
        self.asked_enough = threading.Event()
        self.stop = threading.Event()
        self.answers: Counter[int] = Counter()
        self.endings: list[tuple[float, str]] = []
        self._url = url
        self._key = key

    def ask(self) -> None:
        with httpx.Client(base_url=self._url, headers=signed(self._key), timeout=PATIENCE_SECONDS) as http:
            while not self.asked_enough.wait(0.02):
                self.answers[http.post(EVENTS, json=shipped()).status_code] += 1
                self.answers[http.get(EVENTS, headers=PAGE, params={"limit": "1"}).status_code] += 1

    def follow(self) -> None:
        with (
            httpx.Client(base_url=self._url, headers=signed(self._key), timeout=PATIENCE_SECONDS) as http,
            http.stream("GET", EVENTS) as response,
        ):
            self.answers[response.status_code] += 1
            for text in response.iter_lines():
                if text.startswith('data: {"reason":'):
                    self.endings.append((time.monotonic(), text))
                if self.stop.is_set():
                    return


@needs_openssl
def test_no_valid_client_is_refused_while_keys_rotate_and_the_issuer_is_out_of_reach(
    tmp_path: Path, report: Callable[[str], None]
) -> None:
    issuer = Issuer(OLD, STAYING)
    trusted = {"SSL_CERT_FILE": str(tmp_path / "public.pem")}
    with (
        issuer.serving(tmp_path) as keys,
        ServerProcess("--store", "memory:", *QUICK, "--jwks", keys, *RULES, environment=trusted) as server,
        ThreadPoolExecutor(4 * CLIENTS) as pool,
    ):
        loads = leaving, staying = [Load(server.url, key) for key in (OLD, STAYING)]
        asking = [pool.submit(load.ask) for load in loads for _ in range(CLIENTS)]
        following = [pool.submit(load.follow) for load in loads for _ in range(CLIENTS)]
        try:
            issuer.keys = None
            refresh(server.url, issuer, 2)
            leaving.asked_enough.set()  # its clients get tokens of another key before it is taken away; their streams stay
            wait(asking[:CLIENTS])
            issuer.keys = (STAYING, NEXT)
            refreshed_at = refresh(server.url, issuer, 3)
            while len(leaving.endings) < CLIENTS:
                assert time.monotonic() < refreshed_at + PATIENCE_SECONDS
                time.sleep(0.01)
            assert httpx.get(f"{server.url}{EVENTS}", headers={**PAGE, **signed(NEXT)}).status_code == 200
            assert httpx.get(f"{server.url}{EVENTS}", headers={**PAGE, **signed(OLD)}).status_code == 401
        finally:
            for load in loads:
                load.asked_enough.set()
                load.stop.set()
        for client in (*asking, *following):
            client.result()
    late = max(ended_at for ended_at, _ in leaving.endings) - refreshed_at
    answers = leaving.answers + staying.answers
    report(f"{answers} to valid clients; the streams of the removed key ended {late:.1f} s after the refresh")
    assert answers.keys() == {200, 201}
    assert {reason for _, reason in leaving.endings} == {'data: {"reason":"token_expired"}'}
    assert staying.endings == []
    assert late <= 5


def refresh(url: str, issuer: Issuer, reads: int) -> float:
    """Send tokens of an unknown key until the server has asked the issuer so many times. Returns when."""
    give_up = time.monotonic() + URL_PACE.least + PATIENCE_SECONDS
    unknown = signed(ECKey.generate_key("P-256", {"kid": "unknown"}))
    while issuer.reads < reads:
        assert time.monotonic() < give_up
        assert httpx.get(f"{url}{EVENTS}", headers={**PAGE, **unknown}).status_code == 401
        time.sleep(0.1)
    return time.monotonic()
