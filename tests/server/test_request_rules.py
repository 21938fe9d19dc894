"""The rules of RFC 9110 and RFC 9112 for a request, one row for each; an application sees only requests that keep them."""

from __future__ import annotations

import pytest

from tests.server.connections import Recorder, exchange

HOST = b"Host: x\r\n"
GET = b"GET /a HTTP/1.1\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

REFUSED = {
    # Host: RFC 9112 §3.2
    "no host": (GET + b"\r\n", 400),
    "two hosts": (GET + HOST + HOST + b"\r\n", 400),
    "two hosts of http/1.0": (b"GET /a HTTP/1.0\r\n" + HOST + HOST + b"\r\n", 400),
    "empty host": (GET + b"Host:\r\n\r\n", 400),
    "list of hosts": (GET + b"Host: a, b\r\n\r\n", 400),
    "host with a path": (GET + b"Host: a/b\r\n\r\n", 400),
    "host with a user": (GET + b"Host: user@a\r\n\r\n", 400),
    "host with a quote": (GET + b'Host: a"b\r\n\r\n', 400),
    "host with a bad port": (GET + b"Host: a:b\r\n\r\n", 400),
    "host with an open bracket": (GET + b"Host: [::1\r\n\r\n", 400),
    "host with a bad escape": (GET + b"Host: a%zz\r\n\r\n", 400),
    # Field lines: RFC 9110 §5.5, RFC 9112 §5
    "space before the colon": (GET + b"Host : x\r\n\r\n", 400),
    "obsolete line folding": (GET + HOST + b"X: a\r\n b\r\n\r\n", 400),
    "folded first field": (GET + b" X: a\r\n" + HOST + b"\r\n", 400),
    "no name": (GET + HOST + b": a\r\n\r\n", 400),
    "no colon": (GET + HOST + b"abc\r\n\r\n", 400),
    "nul in a value": (GET + HOST + b"X: a\0b\r\n\r\n", 400),
    "nul in a name": (GET + HOST + b"X\0: a\r\n\r\n", 400),
    "control character in a value": (GET + HOST + b"X: a\x01b\r\n\r\n", 400),
    "lone cr in a value": (GET + HOST + b"X: a\rb\r\n\r\n", 400),
    "lone lf behind a field": (GET + b"Host: x\nX: y\r\n\r\n", 400),
    "lone lf everywhere": (b"GET /a HTTP/1.1\nHost: x\n\n", 400),
    "too many fields": (GET + HOST + b"a: b\r\n" * 256 + b"\r\n", 431),
    # Framing: RFC 9112 §6
    "length and coding": (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "coding and length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "two lengths in one field": (POST + b"Content-Length: 3, 4\r\n\r\nabcd", 400),
    "signed length": (POST + b"Content-Length: +3\r\n\r\nabc", 400),
    "length with a space": (POST + b"Content-Length: 1 2\r\n\r\nabc", 400),
    "empty length": (POST + b"Content-Length:\r\n\r\nabc", 400),
    "huge length": (POST + b"Content-Length: 99999999999999999999\r\n\r\nabc", 400),
    "unknown coding": (POST + b"Transfer-Encoding: gzip\r\n\r\nabc", 501),
    "unknown coding before chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "unknown coding in a field before": (POST + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked not last": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    "control character before chunked": (POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "coding of http/1.0": (b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    # Chunks: RFC 9112 §7
    "size with a prefix": (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
    "signed size": (CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n", 400),
    "size with a space": (CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n", 400),
    "huge size": (CHUNKED + b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400),
    "lone lf behind a size": (CHUNKED + b"3\nabc\r\n0\r\n\r\n", 400),
    "lone lf in an extension": (CHUNKED + b"3;a\nabc\r\n0\r\n\r\n", 400),
    "lone lf behind a chunk": (CHUNKED + b"3\r\nabc\n0\r\n\r\n", 400),
    "chunk that is too long": (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", 400),
    "length in a trailer": (CHUNKED + b"0\r\nContent-Length: 3\r\n\r\n", 400),
    # Targets: RFC 9112 §3.2
    "relative target": (b"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "asterisk": (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "authority": (b"GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "url of another scheme": (b"GET ftp://x/a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "url with a user": (b"GET http://user:secret@x/a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "url without a host": (b"GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "space in the target": (b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "nul in the target": (b"GET /a\0 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "bytes in the target": (b"GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    # Versions and methods: RFC 9110 §15.6.2, §15.6.6
    "http/0.9": (b"GET /a\r\n\r\n", 505),
    "http/0.9 by name": (b"GET /a HTTP/0.9\r\n\r\n", 505),
    "http/2.0": (b"GET /a HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    "http/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "rtsp": (b"DESCRIBE rtsp://x/a RTSP/1.0\r\n\r\n", 400),
    "connect": (b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", 501),
    "connect with a path": (b"CONNECT /a HTTP/1.1\r\nHost: x\r\n\r\n" + NEXT, 501),
    "unknown method": (b"FOO /a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "method in lower case": (b"get /a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
}  # fmt: skip


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


@pytest.mark.parametrize("name", REFUSED)
async def test_request_that_breaks_a_rule_is_refused(name: str) -> None:
    request, status = REFUSED[name]
    recorder = Recorder()
    for reads in ([request], bytewise(request)):
        ((answered, _),) = await exchange(recorder, *reads)
        assert answered == status
    assert recorder.requests == []


CLOSE = b"Connection: close\r\n"
SERVED = {
    "host with a port": (GET + b"Host: x:80\r\n" + CLOSE + b"\r\n", ("/a", b"")),
    "host of ipv6": (GET + b"Host: [::1]:80\r\n" + CLOSE + b"\r\n", ("/a", b"")),
    "host of underscores and escapes": (GET + b"Host: my_host-1.%C3%A9.example.\r\n" + CLOSE + b"\r\n", ("/a", b"")),
    "no host in http/1.0": (b"GET /a HTTP/1.0\r\n\r\n", ("/a", b"")),
    "no content of http/1.0": (b"POST /a HTTP/1.0\r\nContent-Length: 1\r\n\r\na", ("/a", b"a")),
    "many fields": (GET + HOST + CLOSE + b"a: b\r\n" * 254 + b"\r\n", ("/a", b"")),
    "space around a length": (POST + CLOSE + b"Content-Length: \t 3 \t\r\n\r\nabc", ("/a", b"abc")),
    "zeros before a length": (POST + CLOSE + b"Content-Length: 003\r\n\r\nabc", ("/a", b"abc")),
    "chunked in capitals": (POST + CLOSE + b"Transfer-Encoding: \tCHUNKED \r\n\r\n3\r\nabc\r\n0\r\n\r\n", ("/a", b"abc")),
    "empty element before chunked": (POST + CLOSE + b"Transfer-Encoding: ,chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ("/a", b"abc")),
    "extension of a chunk": (CHUNKED + b'3;a=b;c="d\\"e"\r\nabc\r\n0;z\r\n\r\n', ("/a", b"abc")),
    "zeros before a size": (CHUNKED + b"0003\r\nabc\r\n0\r\n\r\n", ("/a", b"abc")),
    "empty lines before": (b"\r\n\r\n" + GET + HOST + CLOSE + b"\r\n", ("/a", b"")),
    "url": (b"GET http://x/a?b=c HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", ("/a?b=c", b"")),
    "url without a path": (b"GET HTTP://x HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", ("/", b"")),
    "url with a query only": (b"GET http://x?b=c HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", ("/?b=c", b"")),
    "asterisk of options": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", ("*", b"")),
    "url of options": (b"OPTIONS http://x HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", ("*", b"")),
    "close among other tokens": (GET + HOST + b"Connection: a, CLOSE ,b\r\n\r\n" + NEXT, ("/a", b"")),
    "close in a second field": (GET + HOST + b"Connection: a\r\nConnection: close\r\n\r\n" + NEXT, ("/a", b"")),
}  # fmt: skip


@pytest.mark.parametrize("name", SERVED)
async def test_request_that_keeps_the_rules_is_served(name: str) -> None:
    request, expected = SERVED[name]
    recorder = Recorder()
    assert await exchange(recorder, request) == [(200, b"1")]
    assert await exchange(recorder, *bytewise(request)) == [(200, b"2")]
    assert [(each.target, each.body) for each in recorder.requests] == [expected, expected]


async def test_whitespace_around_a_value_is_not_part_of_it() -> None:
    recorder = Recorder()
    await exchange(recorder, GET + HOST + CLOSE + b"X: \t a b \t\r\nEmpty: \t \r\n\r\n")
    fields = recorder.requests[0].fields
    assert (fields["x"], fields["empty"]) == ("a b", "")


async def test_host_of_a_url_replaces_the_host_field() -> None:
    recorder = Recorder()
    await exchange(recorder, b"GET http://[::1]:8000/a HTTP/1.1\r\n" + CLOSE + b"Host: other\r\n\r\n")
    assert recorder.requests[0].fields["host"] == "[::1]:8000"


async def test_trailers_are_not_fields_of_the_head() -> None:
    recorder = Recorder()
    trailers = b"Authorization: Bearer a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Type: text/plain\r\n"
    await exchange(recorder, CHUNKED + b"1\r\na\r\n0\r\n" + trailers + b"\r\n")
    assert recorder.requests[0].fields == {"host": "x", "transfer-encoding": "chunked", "connection": "close"}


@pytest.mark.parametrize(("version", "statuses"), [(b"1.1", [100, 200]), (b"1.0", [200])])
async def test_only_an_http_1_1_client_is_sent_100_continue(version: bytes, statuses: list[int]) -> None:
    expecting = (
        b"POST /a HTTP/%b\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"
        % version
    )
    assert [status for status, _ in await exchange(Recorder(), expecting)] == statuses
