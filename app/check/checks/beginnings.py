"""Checks of the beginning of an event stream: how soon it begins, with which headers, and with which first frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import httpx

from app.check.findings import Finding, NotSeen
from app.check.http.event_stream import Stream
from app.check.http.stream_blocks import Block
from app.check.published_contract import STREAM
from app.check.request import Request, excerpt
from app.check.target.target import Target

FIRST_BYTE_SECONDS: Final = 1.0
_NGINX: Final = re.compile("nginx|openresty|tengine", re.IGNORECASE)
_LONGEST_RETRY: Final = 18  # digits
_JITTER_MS: Final = 100  # the least range in which times of several connections differ
_CONNECTIONS: Final = 6
_TRIES: Final = 3  # one late byte may be due to the network; three in a row are due to the server
_OPENINGS: Final = ("stream.checkpoint", "stream.gap")


def first_byte(target: Target) -> Iterator[Finding]:
    """The first byte of a stream comes within a second.

    This check yields a finding if the first byte is late in three streams in a row; a single late byte may be due to the network.
    """
    streams = [target.opening()]
    while _is_late(streams[-1]) and len(streams) < _TRIES:
        streams.append(target.session.read(target.stream(), lambda reader: bool(reader.raw)))
    if all(map(_is_late, streams)):
        seconds = ", ".join(_after(stream) for stream in streams)
        yield Finding("The first frame comes at once.", f"the first byte came {seconds}", streams[-1].request)


def _is_late(stream: Stream) -> bool:
    return stream.first_byte_seconds is None or stream.first_byte_seconds > FIRST_BYTE_SECONDS


def _after(stream: Stream) -> str:
    return "not at all" if stream.first_byte_seconds is None else f"after {stream.first_byte_seconds:.2f} s"


def stream_headers(target: Target) -> Iterator[Finding]:
    """The headers of a stream keep caches from storing it and proxies from changing or delaying it.

    This check yields a finding for each header of a stream's response that breaks this promise.
    """
    stream = target.opening()
    for promised, seen in header_faults(stream.headers):
        yield Finding(promised, seen, stream.request)


def header_faults(headers: httpx.Headers) -> Iterator[tuple[str, str]]:
    """Compare the headers of a stream's response with the promised headers.

    Yields two texts for each difference: the promised header, and the header that the server sent.
    """
    media_type, _, parameters = headers.get("content-type", "").lower().replace(" ", "").partition(";")
    if media_type != STREAM or parameters not in ("", "charset=utf-8"):
        yield "Content-Type: text/event-stream, in UTF-8.", _header(headers, "Content-Type")
    directives = {each.strip().lower() for each in headers.get("cache-control", "").split(",")}
    if not {"no-store", "no-transform"} <= directives:
        yield "Cache-Control: no-store, no-transform", _header(headers, "Cache-Control")
    # nginx obeys this header and does not forward it: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_hide_header
    behind_nginx = _NGINX.search(headers.get("server", "")) and "x-accel-buffering" not in headers
    if headers.get("x-accel-buffering", "").lower() != "no" and not behind_nginx:
        yield "X-Accel-Buffering: no", _header(headers, "X-Accel-Buffering")
    if headers.get("content-encoding", "identity") != "identity":
        yield "No proxy may rewrite a stream.", _header(headers, "Content-Encoding")


def _header(headers: httpx.Headers, name: str) -> str:
    return f"{name}: {excerpt(headers[name])}" if name in headers else f"no {name}"


def opening(target: Target) -> Iterator[Finding]:
    """A stream begins with a retry time and an event that has an id, in one block.

    This check yields a finding for each stream whose first block (lines up to the first blank line) breaks this promise. The
    retry time is the delay after which a client reconnects.
    """
    streams = [target.opening(), target.stored().stream]
    for stream in streams:
        if stream.status == 204:
            continue
        if not stream.blocks:
            yield Finding("The first frame comes at once.", excerpt(stream.raw) or "nothing", stream.request)
        else:
            yield from _opening(target, stream.blocks[0], stream.request)


def retry_times(target: Target) -> Iterator[Finding]:
    """The retry times of several connections differ, so that clients which lost a server do not come back all at once.

    Raises NotSeen if the document promises one time only.
    """
    least, most = target.contract.promises.least_retry_ms, target.contract.promises.most_retry_ms
    if not most - least >= _JITTER_MS:
        raise NotSeen("The document promises no range of retry times.")
    streams = [target.session.read(target.stream(), lambda reader: bool(reader.blocks)) for _ in range(_CONNECTIONS)]
    times = [time for stream in streams if stream.blocks and (time := stream.blocks[0].values("retry"))]
    if len(times) > 1 and all(each == times[0] for each in times):
        seen = f"{len(times)} connections were told {excerpt(times[0])}"
        yield Finding("The retry time differs from one connection to the next.", seen, streams[-1].request)


def _opening(target: Target, block: Block, request: Request) -> Iterator[Finding]:
    retries = block.values("retry")
    milliseconds = [int(each) for each in retries if each.isdigit() and len(each) <= _LONGEST_RETRY]
    if len(milliseconds) != 1 or target.contract.retry.violations(milliseconds[0], 1)[1]:
        yield Finding("A stream begins with the retry time, a number of milliseconds.", excerpt(block.text), request)
    elif block.event in _OPENINGS:  # before it refuses a stream, the server may name a longer time
        least, most = target.contract.promises.least_retry_ms, target.contract.promises.most_retry_ms
        if not least <= milliseconds[0] <= most:
            promised = f"The retry time is {least:g} to {most:g} milliseconds."
            yield Finding(promised, excerpt(block.text), request)
    has_id = block.id is not None and not target.contract.position.violations(block.id, 1)[1]
    if block.event not in _OPENINGS or not has_id:
        yield Finding(
            "The first frame has an id: it is a stream.checkpoint or a stream.gap.", excerpt(block.text), request
        )
