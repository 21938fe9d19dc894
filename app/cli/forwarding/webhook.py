"""One webhook: a signed POST request, which counts as received if the receiver answers with a 2xx status.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import click
import httpx

from app.cli.forwarding.webhook_secrets import signature
from app.client.endpoint import HTTP_SCHEMES, server_response
from app.client.protocol.retries import TransientError
from app.program_version import VERSION

_ANSWER_SECONDS: Final = 20.0  # the specification recommends 15 to 30
_READ_BYTES: Final = 4096  # an answer with a longer body closes the connection


class Webhook:
    """The receiver at a URL, and the requests to it.

    `url`: an HTTP URL, which may contain a secret: only its scheme and host are ever printed.
    `keys`: the keys of the secrets, see `webhook_secrets`.
    `http`: the client that sends the requests; redirects are not followed, because the specification counts them as failures.
    `clock`: returns the seconds since 1970.
    """

    def __init__(
        self, url: httpx.URL, keys: Sequence[bytes], http: httpx.Client, clock: Callable[[], float] = time.time
    ) -> None:
        self.origin = f"{url.scheme}://{url.netloc.decode()}"
        self._url = url
        self._keys = keys
        self._http = http
        self._clock = clock

    def post(self, message_id: str, body: bytes) -> None:
        """Send an event. `message_id`: the same for each repetition of an event, by which the receiver recognises it.

        Raises TransientError if the receiver did not answer with a 2xx status, click.ClickException if it answered 410: no more events.
        """
        timestamp = int(self._clock())  # of this attempt, because receivers refuse timestamps of some minutes ago
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"orders-events/{VERSION}",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._keys, message_id, timestamp, body),
        }
        try:
            with self._http.stream(
                "POST", self._url, content=body, headers=headers, timeout=_ANSWER_SECONDS
            ) as response:
                _discard_body(response)
        except httpx.RequestError as error:
            raise TransientError(f"{self.origin} does not answer ({type(error).__name__}).") from None
        if response.status_code == httpx.codes.GONE:
            raise click.ClickException(f"{self.origin} answered 410 Gone: it wants no more events.")
        if not response.is_success:
            phrase = httpx.codes.get_reason_phrase(
                response.status_code
            )  # not the receiver's own, which may be anything
            reason = f"{self.origin} answered {response.status_code} {phrase}".strip()
            raise TransientError(f"{reason}.", server_response(response).retry_after_seconds)


def read_webhook_url(_context: click.Context, _parameter: click.Parameter, text: str) -> httpx.URL:
    """Check the URL of a receiver. Called by click. Raises click.BadParameter, without the URL, which may contain a secret."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in HTTP_SCHEMES or not url.host:
        raise click.BadParameter("it is not a URL such as https://shop.example/hooks/orders.")
    if url.userinfo or url.fragment:
        raise click.BadParameter("it must have neither a user name before the host nor a fragment after a #.")
    return url


def _discard_body(response: httpx.Response) -> None:
    """Read a short body, so that the connection can be used again. What the receiver says beside the status has no meaning.

    Nor has it if the body breaks off: the status has come.
    """
    if int(response.headers.get("content-length", _READ_BYTES + 1)) <= _READ_BYTES:
        with suppress(httpx.RequestError):
            response.read()
