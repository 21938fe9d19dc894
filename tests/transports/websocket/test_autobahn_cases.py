"""The cases of the Autobahn test suite (https://github.com/crossbario/autobahn-testsuite), as a table of our own.

The suite expects every message to be sent back. This server answers a message `ping` with `pong`, and a message with a member that
the contract does not have with `error`; so each case ends with one of them, where Autobahn has an echo.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.support.server_process import ServerProcess
from tests.transports.websocket.raw_socket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawSocket,
    close,
    frame,
)

ASK = b'{"type":"ping"}'
PONGS = [b'{"type":"pong"}']
UNKNOWN_MEMBER = '{"type":"ping","text":"κόσμε 😀"}'.encode()
GREEK = UNKNOWN_MEMBER.index(b"\xcf\x83")
NOTHING = b""


class Case(NamedTuple):
    """What a client sends, and what it reads: messages, payloads of pong frames, and a close code if the connection ends."""

    sent: bytes
    messages: list[bytes] = []  # noqa: RUF012  # nobody changes it
    pongs: list[bytes] = []  # noqa: RUF012
    code: int | None = 0  # 0: the connection stays open; None: a close frame without a code


def padded(size: int) -> bytes:
    return frame(TEXT, ASK.ljust(size))


def text(*fragments: bytes, between: bytes = NOTHING) -> bytes:
    """Write a message in fragments, with other frames between them."""
    last = len(fragments) - 1
    frames = [frame(CONTINUATION if index else TEXT, part, fin=index == last) for index, part in enumerate(fragments)]
    return between.join(frames)


CASES = {
    # 1: framing
    **{f"1.1 text of {size} bytes": Case(padded(size), PONGS) for size in (15, 125, 126, 127, 128, 65_535, 65_536)},
    "1.1 text of 0 bytes": Case(frame(TEXT), code=4400),
    **{f"1.2 binary of {size} bytes": Case(frame(BINARY, b"\xfe" * size), code=1003) for size in (0, 126, 65_536)},
    # 2: pings and pongs
    "2.1 ping without payload": Case(frame(PING), pongs=[b""]),
    "2.2 ping with text": Case(frame(PING, b"Hello"), pongs=[b"Hello"]),
    "2.3 ping with bytes": Case(frame(PING, b"\0\xff\xfe\xfd"), pongs=[b"\0\xff\xfe\xfd"]),
    "2.4 ping of 125 bytes": Case(frame(PING, b"\xfe" * 125), pongs=[b"\xfe" * 125]),
    "2.5 ping of 126 bytes": Case(frame(PING, b"\xfe" * 126), code=1002),
    "2.7 pong without payload": Case(frame(PONG) + frame(TEXT, ASK), PONGS),
    "2.8 pong with payload": Case(frame(PONG, b"unsolicited") + frame(TEXT, ASK), PONGS),
    "2.9 pong before ping": Case(frame(PONG, b"unsolicited") + frame(PING, b"Hello"), pongs=[b"Hello"]),
    "2.10 ten pings": Case(
        b"".join(frame(PING, b"%d" % each) for each in range(10)), pongs=[b"%d" % each for each in range(10)]
    ),
    # 3: reserved bits
    **{
        f"3 reserved bits {bits:03b} in opcode {opcode}": Case(
            frame(TEXT, ASK) + frame(opcode, b"a", reserved=bits), PONGS, code=1002
        )
        for bits in range(1, 8)
        for opcode in (TEXT, BINARY, PING, CLOSE)
    },
    # 4: reserved opcodes
    **{
        f"4 opcode {opcode}": Case(frame(TEXT, ASK) + frame(opcode, b"a" * size), PONGS, code=1002)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        for size in (0, 5)
    },
    # 5: fragments
    "5.1 ping in fragments": Case(frame(PING, b"a", fin=False) + frame(CONTINUATION, b"b"), code=1002),
    "5.2 pong in fragments": Case(frame(PONG, b"a", fin=False) + frame(CONTINUATION, b"b"), code=1002),
    "5.3 text in two fragments": Case(text(ASK[:5], ASK[5:]), PONGS),
    "5.6 ping between fragments": Case(text(ASK[:5], ASK[5:], between=frame(PING, b"x")), PONGS, [b"x"]),
    "5.9 continuation of nothing": Case(frame(CONTINUATION, ASK), code=1002),
    "5.10 continuation of nothing, unfinished": Case(frame(CONTINUATION, ASK, fin=False), code=1002),
    "5.12 continuation after a complete text": Case(frame(TEXT, ASK) + frame(CONTINUATION, ASK), PONGS, code=1002),
    "5.18 text within a text": Case(frame(TEXT, ASK[:5], fin=False) + frame(TEXT, ASK[5:]), code=1002),
    "5.19 many fragments and pings": Case(
        text(ASK[:3], ASK[3:6], ASK[6:9], b"", ASK[9:], between=frame(PING, b"x") + frame(PONG)), PONGS, [b"x"] * 4
    ),
    "5.20 empty fragments": Case(text(b"", ASK, b"", b""), PONGS),
    "5.21 binary in fragments": Case(frame(BINARY, b"a", fin=False) + frame(CONTINUATION, b"b"), code=1003),
    # 6: UTF-8
    "6.2 text in several scripts": Case(frame(TEXT, UNKNOWN_MEMBER), [b"error"]),
    "6.2 character in two fragments": Case(text(UNKNOWN_MEMBER[: GREEK + 1], UNKNOWN_MEMBER[GREEK + 1 :]), [b"error"]),
    "6.2 a byte in each fragment": Case(text(*(UNKNOWN_MEMBER[at : at + 1] for at in range(46))), [b"error"]),
    **{
        f"6 not UTF-8: {invalid.hex()}": Case(frame(TEXT, b'{"type":"ping","text":"%b"}' % invalid), code=1007)
        for invalid in (
            b"\xff",
            b"\xfe",
            b"\x80",
            b"\xbf\x80",
            b"\xc0\xaf",
            b"\xe0\x80\xaf",
            b"\xf0\x80\x80\xaf",
            b"\xed\xa0\x80",
            b"\xed\xad\xbf\xed\xbf\xbf",
            b"\xf4\x90\x80\x80",
            b"\xf8\x88\x80\x80\x80",
            b"\xce",
            b"\xf0\x9f\x98",
        )
    },
    "6.4 not UTF-8 in a later fragment": Case(text(b'{"type":"p', b'\xf4\x90\x80\x80"}'), code=1007),
    "6.4 half a character at the end": Case(text(ASK, b"\xf0\x9f\x98"), code=1007),
    # 7: closing
    "7.1 message after a close": Case(frame(CLOSE, b"\x03\xe8") + frame(TEXT, ASK), code=1000),
    "7.1 ping after a close": Case(frame(CLOSE, b"\x03\xe8") + frame(PING, b"x"), code=1000),
    "7.1 close within a text": Case(frame(TEXT, ASK[:5], fin=False) + close(1000), code=1002),
    "7.3 close without a code": Case(frame(CLOSE), code=None),
    "7.3 close with half a code": Case(frame(CLOSE, b"\x03"), code=1002),
    "7.3 close with a reason": Case(close(1000, b"Goodbye"), code=1000),
    "7.3 close with a reason of 123 bytes": Case(close(1000, b"*" * 123), code=1000),
    "7.3 close with a reason of 124 bytes": Case(close(1000, b"*" * 124), code=1002),
    "7.5 close with a reason that is not UTF-8": Case(close(1000, b"\xce\xba\xff"), code=1007),
    **{
        f"7.7 close with {code}": Case(close(code), code=code)
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    },
    **{
        f"7.9 close with {code}": Case(close(code), code=1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
    },
    # 9: limits
    "9.1 ping of more than 64 KiB": Case(padded(65_537), code=1009),
    "9.3 text of 64 KiB in fragments": Case(text(ASK.ljust(32_768), b" " * 32_768), PONGS),
    "9.3 text of more than 64 KiB in fragments": Case(text(ASK.ljust(32_768), b" " * 32_769), code=1009),
    "10.1 text in fragments of 1,300 bytes": Case(text(ASK.ljust(1300), *[b" " * 1300] * 49), PONGS),
    # masking (RFC 6455 §5.1)
    "frame without a mask": Case(frame(TEXT, ASK, is_masked=False), code=1002),
    "close without a mask": Case(frame(CLOSE, b"\x03\xe8", is_masked=False), code=1002),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, server: ServerProcess) -> None:
    case = CASES[name]
    with RawSocket(server.port) as client:
        client.send(case.sent)
        check(client, case)


@pytest.mark.parametrize(
    "name",
    ["2.3 ping with bytes", "5.6 ping between fragments", "6.2 character in two fragments", "7.3 close with a reason"],
)
def test_case_in_reads_of_one_byte(name: str, server: ServerProcess) -> None:
    case = CASES[name]
    with RawSocket(server.port) as client:
        client.send_slowly(case.sent)
        check(client, case)


def check(client: RawSocket, case: Case) -> None:
    """Read as much as the case expects, in any order of messages and pong frames; then its end."""
    messages: list[bytes] = []
    pongs: list[bytes] = []
    while len(messages) < len(case.messages) or len(pongs) < len(case.pongs):
        read = client.frame()
        if read.first == 0x80 | PONG:
            pongs.append(read.payload)
        elif read.payload != b'{"type":"heartbeat"}':
            messages.append(b"error" if read.payload.startswith(b'{"type":"error"') else read.payload)
    assert (messages, pongs) == (case.messages, case.pongs)
    if case.code == 0:
        client.say(type="ping", request=77)
        assert client.message() == {"type": "pong", "request": 77}
    else:
        assert client.close_code() == case.code
