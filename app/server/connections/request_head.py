"""The rules of RFC 9110 and RFC 9112 for the head of a request that the HTTP parser (llhttp) does not enforce."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

MAX_FIELDS: Final = 256  # browsers and proxies send some 30; each one costs time wherever a field is looked up

Fields = list[tuple[bytes, bytes]]
"""The header fields of a request, in the order of receipt: pairs of a name in lower case and a value."""

# RFC 9112 §3.2 and RFC 3986 §3.2: an address in brackets or a registered name, then perhaps a port. An http URL has no empty host.
_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::\d*)?", re.ASCII)
_ABSOLUTE_FORM: Final = re.compile(rb"https?://([^/?#]*)([^#]*)", re.IGNORECASE)


RefusalStatus: TypeAlias = Literal[400, 408, 431, 501, 505]
"""The statuses with which the server itself refuses a request."""


class BadRequest(Exception):
    """Raised when a request breaks a rule of HTTP and must not reach the application; `status` is the status code of the
    response.
    """

    def __init__(self, status: RefusalStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def check_head(method: bytes, version: str, fields: Fields) -> None:
    """Raise BadRequest if the HTTP version, method, `Host`, transfer coding or number of fields of a request is not allowed."""
    if version not in ("1.1", "1.0"):
        raise BadRequest(505, f"The request is of HTTP/{version}; this server speaks HTTP/1.1 and HTTP/1.0.")
    if method == b"CONNECT":
        raise BadRequest(501, "This server is not a proxy: it opens no tunnels (CONNECT).")
    if len(fields) > MAX_FIELDS:
        raise BadRequest(431, f"The request has more than {MAX_FIELDS} fields.")
    names = [name for name, _ in fields]
    if b"host" not in names and version == "1.1":
        raise BadRequest(400, "The request has no Host field, which HTTP/1.1 requires.")
    if names.count(b"host") > 1:
        raise BadRequest(400, "The request has more than one Host field.")
    if b"host" in names and not _is_host(fields[names.index(b"host")][1]):
        raise BadRequest(400, "The Host field of the request is not a host name or address with an optional port.")
    if b"transfer-encoding" in names:
        _check_transfer_coding(version, [value for name, value in fields if name == b"transfer-encoding"])


@lru_cache(maxsize=256)  # the same host again and again, and the expression takes longer than the rest of the check
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


def _check_transfer_coding(version: str, values: list[bytes]) -> None:
    # Only `chunked` is understood (RFC 9112 §6.1). The parser has made sure that it is the last coding, and given once.
    if version == "1.0":
        raise BadRequest(400, "The request has a Transfer-Encoding field, which HTTP/1.0 does not know.")
    codings = {each.strip().lower() for value in values for each in value.split(b",")} - {b""}
    if codings != {b"chunked"}:
        raise BadRequest(
            501, "The request has a transfer coding other than chunked, which this server does not decode."
        )


def origin_form(method: bytes, target: bytes, fields: Fields) -> bytes:
    """Return the target of a request as a path with its query (or as `*`). Raises BadRequest if the target is neither a path
    nor a URL.

    If the target is a whole URL (RFC 9112 §3.2.2), the host in the URL replaces the `Host` field in `fields`.
    """
    if target.startswith(b"/") or (target == b"*" and method == b"OPTIONS"):
        return target
    url = _ABSOLUTE_FORM.fullmatch(target)
    if url is None or not _is_host(url[1]):
        raise BadRequest(400, "The target of the request is neither a path nor an http URL.")
    fields[:] = [(b"host", url[1]), *(field for field in fields if field[0] != b"host")]
    if url[2].startswith(b"/"):
        return url[2]
    return b"*" if method == b"OPTIONS" and not url[2] else b"/" + url[2]


def websocket_offer(method: bytes, version: str, fields: Fields) -> Fields:
    """Return the `Upgrade` fields of a request that may switch its connection to WebSocket; an empty list if it may not.

    RFC 6455 §4.1 demands GET and HTTP/1.1. A request with a body may not switch, because all of the body must be read before the
    switch (RFC 9110 §7.8).
    """
    names = {name for name, _ in fields}
    if method != b"GET" or version != "1.1" or names & {b"content-length", b"transfer-encoding"}:
        return []
    offers = [field for field in fields if field[0] == b"upgrade"]
    protocols = {each.strip().lower() for _, value in offers for each in value.split(b",")}
    return offers if b"websocket" in protocols else []


def without_offer(method: bytes, target: bytes, version: str, fields: Fields) -> bytes:
    """Return the head of a request as bytes, without its `Upgrade` field (the client's offer to switch to another protocol)."""
    lines = [name + b": " + value for name, value in fields if name != b"upgrade"]
    return b"\r\n".join([b"%b %b HTTP/%b" % (method, target, version.encode()), *lines, b"", b""])
