"""How publish and tail speak HTTP with a server."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, TypeVar

import click
import httpx

EVENTS_PATH: Final = "/events/orders"
TRANSIENT_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})  # repeating the request later may succeed
_SHOWN_CHARACTERS: Final = 300  # of a place that a server points to

_Command = TypeVar("_Command", bound=Callable[..., Any])


def url_option(command: _Command) -> _Command:
    """Add `--url`, the server to speak with."""
    return click.option(
        "--url",
        envvar="ORDERS_EVENTS_URL",
        metavar="URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        show_envvar=True,
        callback=checked_url,
        help="The server's URL.",
    )(command)


def new_client(url: str, timeout_seconds: float) -> httpx.Client:
    """Make a client of one server; proxies from the environment are used, but not to reach this machine."""
    return httpx.Client(
        base_url=url,
        timeout=httpx.Timeout(timeout_seconds, connect=10.0),
        trust_env=not _is_loopback(httpx.URL(url).host),
        headers={"User-Agent": f"orders-events/{program_version()}"},
    )


def program_version() -> str:
    """Name the installed version."""
    try:
        return version("orders-events")
    except PackageNotFoundError:
        return "unknown"


def describe_silence(client: httpx.Client, error: httpx.TransportError) -> str:
    """Say in one sentence why there was no answer."""
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"No answer from {client.base_url} ({reason})."


def describe_answer(response: httpx.Response) -> str:
    """Say in one sentence what an answer says that is not the one hoped for; a problem document says it best."""
    problem = read_problem(response)
    if isinstance(problem.get("detail"), str):
        return " ".join([problem["detail"], *_described_errors(problem)])
    reason = f"The server answered {response.status_code} {response.reason_phrase}".strip()
    location = response.headers.get("location")
    return f"{reason}." if location is None else f"{reason} and points to {location[:_SHOWN_CHARACTERS]}."


def _described_errors(problem: dict[str, Any]) -> list[str]:
    described = []
    for error in problem.get("errors") or []:
        match error:
            case {"name": str(name), "message": str(message)}:
                described.append(f"{name} {message}.")
    return described


def read_problem(response: httpx.Response) -> dict[str, Any]:
    """Read a problem document (RFC 9457); empty where the answer is none."""
    try:
        problem = json.loads(response.read())
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def retry_after_seconds(response: httpx.Response) -> float:
    """How long an answer asks to wait (RFC 9110 §10.2.3, its seconds only); 0 where it does not."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0


def checked_url(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise click.BadParameter(f"{text!r} is not a URL such as http://127.0.0.1:8000.")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
