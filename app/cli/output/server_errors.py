"""What a server answers, or does not, as the message that ends a command."""

from __future__ import annotations

from typing import Final

import click

from app.client import OrdersError, RequestRefused, Unavailable, UnexpectedAnswer

_ADVICE: Final = (
    (
        Unavailable,
        "Is the server running, and is it the one at --url? --retry-max-time makes this command wait longer.",
    ),
    (UnexpectedAnswer, "Is --url the address of an Orders Events server?"),
)
_ADVICE_BY_STATUS: Final = {
    400: "--help lists the options and their values.",
    401: "The server, or a proxy in front of it, asks for credentials, and this command has none.",
    403: "The server, or a proxy in front of it, does not allow this request.",
    404: "Is --url the address of an Orders Events server, without a path behind it?",
}


class Failed(click.ClickException):
    """Raised when a server refuses a request or cannot be reached. The message advises what to do next; the exit code is 1."""

    def __init__(self, error: OrdersError) -> None:
        super().__init__(f"{error} {advice(error)}".strip())


def advice(error: OrdersError) -> str:
    """Return a sentence that advises what to do about an error; "" if there is no advice beyond the error's own message."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "If you trust the server's certificate, name its file with --cacert."
    if "WRONG_VERSION_NUMBER" in str(error):
        return "The server there does not speak TLS: is it http and not https in --url?"
    if isinstance(error, RequestRefused):
        return _ADVICE_BY_STATUS.get(error.status, "")
    return next((sentence for kind, sentence in _ADVICE if isinstance(error, kind)), "")
