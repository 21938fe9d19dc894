"""The load driver finds the same faults on WebSocket, gRPC and compressed streams as on plain ones."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmark.faulty_server import (
    EVENTS,
    SUBSCRIBERS,
    Fault,
    FaultyServer,
    Frame,
    Wire,
    in_order,
    lockstep,
    run,
    whole,
)
from tests.benchmark.peers.grpc_message import field

SUBSCRIBE = ("--message", b"hello".hex())


def websocket_frame(first: int, payload: bytes) -> bytes:
    length = bytes((len(payload),)) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2, "big")
    return bytes((first,)) + length + payload


def json_message(frame: Frame) -> bytes:
    return websocket_frame(
        0x81, json.dumps({"id": frame[0], "data": frame[1] + " " * 100}, separators=(",", ":")).encode()
    )


def http2_frame(type: int, flags: int, payload: bytes, stream: int = 1) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((type, flags)) + stream.to_bytes(4, "big") + payload


def grpc_message(frame: Frame) -> bytes:
    message = field(1, field(1, field(1, frame[0].encode()) + field(5, frame[1].encode())))
    prefixed = b"\0" + len(message).to_bytes(4, "big") + message
    return http2_frame(0, 0, prefixed[:9]) + http2_frame(0, 0, prefixed[9:])  # a message may be in several frames


def deflated(frame: Frame) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    text = f"id: {frame[0]}\nevent: order.shipped\ndata: {frame[1]}\n\n".encode()
    return compressor.compress(text) + compressor.flush(zlib.Z_FULL_FLUSH)


UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
WEBSOCKET = Wire(UPGRADE + websocket_frame(0x89, b"ping"), json_message)
GRPC = Wire(http2_frame(4, 0, b"", 0) + http2_frame(6, 0, b"12345678", 0) + http2_frame(1, 4, b"\x88"), grpc_message)
GZIP = Wire(
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\xff",
    deflated,
)
WIRES = [(WEBSOCKET, "websocket"), (GRPC, "grpc"), (GZIP, "sse")]


def bytes_alone(text: bytes) -> list[bytes]:
    return [text[at : at + 1] for at in range(len(text))]


@pytest.mark.parametrize(("wire", "protocol"), WIRES, ids=["websocket", "grpc", "gzip"])
@pytest.mark.parametrize("write", [whole, bytes_alone])
def test_events_of_other_wires_are_counted(
    driver: Path, wire: Wire, protocol: str, write: Callable[[bytes], list[bytes]]
) -> None:
    outcome = run(driver, FaultyServer(wire=wire, write=write), lockstep("--protocol", protocol, *SUBSCRIBE))
    assert (outcome.status, outcome.faults) == (0, {})
    assert outcome.report["deliveries"] == EVENTS * SUBSCRIBERS


@pytest.mark.parametrize(("wire", "protocol"), WIRES, ids=["websocket", "grpc", "gzip"])
@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (lambda frames: frames[1:], {"missing": 1}),
        (lambda frames: [*frames, frames[7]], {"duplicated": 1, "id_disordered": 1}),
        (lambda frames: [frames[1], frames[0], *frames[2:]], {"disordered": 1, "id_disordered": 1}),
        (lambda frames: [*frames[:7], ("e-99", frames[7][1])], {"id_changed": 2}),
    ],
    ids=["missing", "duplicated", "disordered", "changed"],
)
def test_a_fault_on_another_wire_is_found_and_named(
    driver: Path, wire: Wire, protocol: str, fault: Fault, found: dict[str, int]
) -> None:
    options = lockstep("--protocol", protocol, *SUBSCRIBE)
    outcome = run(driver, FaultyServer(fault, wire=wire, write=whole), options, stalls="missing" in found)
    assert (outcome.status, outcome.faults) == (1, found)


@pytest.mark.parametrize(
    ("wire", "protocol"),
    [
        (WEBSOCKET._replace(encode=lambda frame: websocket_frame(0x01, frame[1].encode())), "websocket"),
        (WEBSOCKET._replace(encode=lambda frame: websocket_frame(0xC1, frame[1].encode())), "websocket"),
        (GRPC._replace(encode=lambda _: http2_frame(0, 8, b"padded")), "grpc"),
        (GRPC._replace(encode=lambda _: http2_frame(0, 0, b"\1\0\0\0\1x")), "grpc"),
        (GZIP._replace(encode=lambda _: b"not deflate"), "sse"),
    ],
    ids=["fragment", "compressed message", "padding", "compressed gRPC", "not deflate"],
)
def test_what_the_driver_cannot_read_is_garbled(driver: Path, wire: Wire, protocol: str) -> None:
    server = FaultyServer(in_order, wire=wire, write=whole)
    outcome = run(driver, server, lockstep("--protocol", protocol, *SUBSCRIBE), stalls=True)
    assert (outcome.status, outcome.faults["garbled"]) == (1, SUBSCRIBERS)


def test_a_message_that_is_not_hexadecimal_is_refused_in_one_line(driver: Path) -> None:
    outcome = run(driver, FaultyServer(), lockstep("--message", "0g"))
    assert (outcome.status, len(outcome.error.splitlines())) == (2, 1)
