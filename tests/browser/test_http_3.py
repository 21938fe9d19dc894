"""Chromium over HTTP/3, with a browser of its own: other tests start one without QUIC."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from tests.browser.chromium import CHROMIUM_FLAGS, find_chromium
from tests.browser.following import PATIENCE_SECONDS, PageFollowing
from tests.deploy.fronts import caddy
from tests.support.programs import needed
from tests.transports.http.orders import EVENTS, eventually, publish, shipped


def test_chromium_follows_over_http_3(tmp_path: Path) -> None:
    with caddy(tmp_path) as front, sync_playwright() as playwright, front.client() as http:
        flags = [flag for flag in CHROMIUM_FLAGS if flag != "--disable-quic"]
        flags += [
            f"--origin-to-force-quic-on={urlsplit(front.url).netloc}",
            f"--ignore-certificate-errors-spki-list={_key_hash(tmp_path)}",
        ]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=flags)
        page = browser.new_page()
        page.goto(f"{front.url}/docs")
        assert page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h3"
        following = PageFollowing(page, f"{front.url}{EVENTS}")
        following.first()
        (newest,) = publish(http, shipped())
        assert eventually(lambda: newest in {event.id for event in following.order_events()}, PATIENCE_SECONDS)
        browser.close()


def _key_hash(folder: Path) -> str:
    """Return the hash by which Chromium admits a certificate: base64 of SHA-256 of its public key (SPKI)."""
    (certificate,) = (folder / "caddy" / "certificates" / "local" / "localhost").glob("*.crt")
    openssl = needed("openssl")
    key = subprocess.run([openssl, "x509", "-in", certificate, "-pubkey", "-noout"], capture_output=True, check=True)
    der = subprocess.run(
        [openssl, "pkey", "-pubin", "-outform", "der"], input=key.stdout, capture_output=True, check=True
    )
    digest = subprocess.run([openssl, "dgst", "-sha256", "-binary"], input=der.stdout, capture_output=True, check=True)
    return base64.b64encode(digest.stdout).decode()
