"""The text of a JWK Set, from a file or from an https URL."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import httpx

MAX_BYTES: Final = 64 * 1024  # hundreds of keys
FETCH_SECONDS: Final = 5.0

_DETAILS: Final = re.compile(r"^\[[^]]*\] | \(_ssl\.c:\d+\)")  # for developers of OpenSSL and of Python


class UnreadableKeySet(Exception):
    """Raised when the text of a JWK Set cannot be read. The message is the reason, as a part of a sentence."""


def text_reader(place: str) -> Callable[[], Awaitable[bytes]]:
    """Return the function that reads the text of a file or URL. It raises UnreadableKeySet."""

    async def read() -> bytes:
        try:
            if is_url(place):
                return await _fetch(place)
            return await asyncio.to_thread(Path(place).read_bytes)  # a file may be on a disk that hangs
        # httpx refuses a URL, or a proxy of the variable HTTPS_PROXY, by InvalidURL, ValueError or ImportError.
        except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError) as error:
            raise UnreadableKeySet(_reason(error)) from None

    return read


def is_url(place: str) -> bool:
    return "://" in place


async def _fetch(url: str) -> bytes:
    """Fetch the text of a URL: no redirect, at most 64 KiB, and within 5 seconds in all."""
    async with (
        asyncio.timeout(FETCH_SECONDS),
        httpx.AsyncClient(verify=_authorities()) as client,
        client.stream("GET", url, headers={"Accept": "application/jwk-set+json, application/json"}) as response,
    ):
        if response.status_code != httpx.codes.OK:
            raise OSError(f"the status is {response.status_code}")
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise OSError(f"it has more than {MAX_BYTES} bytes")
        return bytes(body)


def _authorities() -> ssl.SSLContext:
    """Return the authorities that are trusted to sign certificates: those of the variable SSL_CERT_FILE, else those of httpx."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        file = os.environ.get("SSL_CERT_FILE")
        raise OSError(f"the certificates in {file} (SSL_CERT_FILE) cannot be used: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"it took more than {FETCH_SECONDS:g} seconds"
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    text = _DETAILS.sub("", text).rstrip(".")
    is_distrusted = "certificate verify failed" in text
    return f"{text}; SSL_CERT_FILE may name the certificate of its authority" if is_distrusted else text
