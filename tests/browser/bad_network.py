"""A proxy between a browser and a server that cuts streams or holds them back, and passes everything else."""

from __future__ import annotations

import http.client
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.support.server_process import ServerProcess
from tests.support.threaded import serving
from tests.transports.http.orders import eventually

_RESET = struct.pack("ii", 1, 0)  # with this, closing a socket sends RST instead of FIN


class BadNetwork:
    """The proxy. While `cutting` is set, it cuts each stream after a random number of bytes; until `passing` is set, it holds all."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.url = ""
        self.cutting = False
        self.cuts = 0
        self.streams = 0  # how many streams the server has begun to send
        self.passing = threading.Event()
        self.passing.set()
        self.random = random.Random(7)

    def waits_for_streams(self, number: int) -> None:
        """Wait until the server has begun to send so many streams."""
        assert eventually(lambda: self.streams == number)

    def forward(self, handler: BaseHTTPRequestHandler) -> None:
        if "upgrade" in handler.headers:
            self._tunnel(handler)
            return
        with closing(http.client.HTTPConnection("127.0.0.1", self.server.port)) as upstream:
            self._forward(upstream, handler)

    def _forward(self, upstream: http.client.HTTPConnection, handler: BaseHTTPRequestHandler) -> None:
        headers = {name: value for name, value in handler.headers.items() if name not in {"Host", "Connection"}}
        upstream.request("GET", handler.path, headers=headers)
        response = upstream.getresponse()
        handler.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in {"transfer-encoding", "connection", "date"}:
                handler.send_header(name, value)
        handler.end_headers()
        endless = parse_qs(urlsplit(handler.path).query).get("follow") != ["false"]
        streams = "event-stream" in response.getheader("content-type", "")
        if streams and endless:
            self._stream(response, handler)
        else:
            handler.wfile.write(response.read())

    def _tunnel(self, handler: BaseHTTPRequestHandler) -> None:
        """Pass a WebSocket through, at once and in both directions."""
        head = f"{handler.requestline}\r\n{handler.headers.as_string(maxheaderlen=0, unixfrom=False)}".replace(
            "\n", "\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.server.port)) as upstream:
            upstream.sendall(head.replace("\r\r", "\r").encode("latin-1"))
            back = threading.Thread(target=_pass_on, args=(upstream, handler.connection))
            back.start()
            _pass_on(handler.connection, upstream)
            back.join()
        handler.close_connection = True

    def _stream(self, response: http.client.HTTPResponse, handler: BaseHTTPRequestHandler) -> None:
        self.streams += 1
        remaining = self.random.randint(1, 1500)
        while chunk := response.read1(65_536):
            self.passing.wait()
            cutting = self.cutting  # read once: a chunk that was shortened must be the last one
            handler.wfile.write(chunk[:remaining] if cutting else chunk)
            if not cutting:
                continue
            remaining -= len(chunk)
            if remaining <= 0:
                self.cuts += 1
                if self.random.random() < 0.5:
                    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    handler.connection.close()  # before `socketserver` sends the FIN of a proper end
                return


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def bad_network(server: ServerProcess) -> Iterator[BadNetwork]:
    network = BadNetwork(server)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):
                network.forward(self)

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests clean."""

    with serving(Handler) as network.url:
        try:
            yield network
        finally:
            network.passing.set()  # else the end of the server would wait for the streams that are held
