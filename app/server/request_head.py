"""The head of a request, checked for the rules of RFC 9110 and RFC 9112 that the parser (llhttp) leaves to its user."""

from __future__ import annotations

import re
from typing import Final

Fields = list[tuple[bytes, bytes]]
"""Names in lower case and values, in the order in which they were received."""

# RFC 9112 §3.2 and RFC 3986 §3.2: an address in brackets or a registered name, then perhaps a port. An http URL has no empty host.
_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::\d*)?", re.ASCII)
_ABSOLUTE_FORM: Final = re.compile(rb"https?://([^/?#]*)([^#]*)", re.IGNORECASE)


class BadRequest(Exception):
    """Raised when a request breaks a rule of HTTP, so that no application may see it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def check_head(method: bytes, version: str, fields: Fields) -> None:
    """Raise BadRequest if a request has a method or version that is never served, a wrong `Host`, or a body of unknown length."""
    if version not in ("1.1", "1.0"):
        raise BadRequest(505, f"The request is of HTTP/{version}; this server speaks HTTP/1.1 and HTTP/1.0.")
    if method == b"CONNECT":
        raise BadRequest(501, "This server is not a proxy: it opens no tunnels (CONNECT).")
    hosts = [value for name, value in fields if name == b"host"]
    if len(hosts) > 1:
        raise BadRequest(400, "The request has more than one Host field.")
    if not hosts and version == "1.1":
        raise BadRequest(400, "The request has no Host field, which HTTP/1.1 requires.")
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise BadRequest(400, "The Host field of the request is not a host name or address with an optional port.")
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    if codings:
        _check_transfer_coding(version, codings)


def _check_transfer_coding(version: str, values: list[bytes]) -> None:
    # Only `chunked` is understood (RFC 9112 §6.1). The parser has made sure that it is the last coding, and given once.
    if version == "1.0":
        raise BadRequest(400, "The request has a Transfer-Encoding field, which HTTP/1.0 does not know.")
    codings = {each.strip().lower() for value in values for each in value.split(b",")} - {b""}
    if codings != {b"chunked"}:
        raise BadRequest(
            501, "The request has a transfer coding other than chunked, which this server does not decode."
        )


def expects_continue(version: str, fields: Fields) -> bool:
    """Return whether the client waits for `100 Continue` before it sends the body; HTTP/1.0 has none (RFC 9110 §10.1.1)."""
    return version != "1.0" and any(name == b"expect" and value.lower() == b"100-continue" for name, value in fields)


def origin_form(method: bytes, target: bytes, fields: Fields) -> bytes:
    """Return the target of a request as a path with its query, or `*`. Raises BadRequest if it is in another form.

    The host of a URL as the target (RFC 9112 §3.2.2) replaces the `Host` among the fields.
    """
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return target
    url = _ABSOLUTE_FORM.fullmatch(target)
    if url is None or not _HOST.fullmatch(url[1]):
        raise BadRequest(400, "The target of the request is neither a path nor an http URL.")
    fields[:] = [(b"host", url[1]), *(field for field in fields if field[0] != b"host")]
    if url[2].startswith(b"/"):
        return url[2]
    return b"*" if method == b"OPTIONS" and not url[2] else b"/" + url[2]


def without_offer(method: bytes, target: bytes, version: str, fields: Fields) -> bytes:
    """Write the head of a request again, without its offer to upgrade to another protocol."""
    lines = [name + b": " + value for name, value in fields if name != b"upgrade"]
    return b"\r\n".join([b"%b %b HTTP/%b" % (method, target, version.encode()), *lines, b"", b""])
