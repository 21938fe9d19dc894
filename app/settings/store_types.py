"""The type of --store, as a parameter type of click, and what it is converted to: where the log of events is kept."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple
from urllib.parse import parse_qsl

import click

from app.settings.setting_types import shown

_HOST: Final = r"(?:[0-9A-Za-z](?:[0-9A-Za-z._-]{0,251}[0-9A-Za-z])?|\[[0-9A-Fa-f:.]+\])"
_SERVER: Final = rf"{_HOST}(?::[1-9][0-9]{{0,4}})?"
_STREAM: Final = "[0-9A-Za-z_-]{1,64}"  # it is also a part of the subjects of its messages
_NATS: Final = rf"(nats|tls)://({_SERVER}(?:,{_SERVER})*)/({_STREAM})(?:\?(.*))?"


class StoreUrl(NamedTuple):
    """Where a log of one server is kept. `scheme`: memory or sqlite. `path`: the path of the SQLite file; "" for memory."""

    scheme: Literal["memory", "sqlite"]
    path: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.path}"


class NatsUrl(NamedTuple):
    """Where a log that several servers share is kept: in a stream of NATS JetStream.

    `servers`: the URLs of NATS servers, such as nats://10.0.0.1:4222. `stream`: the name of the stream. `cache`: the path of the SQLite
    file in which this server keeps its copy of the log. `monitors`: the URLs of the monitoring ports of NATS servers.
    """

    servers: tuple[str, ...]
    stream: str
    cache: str
    monitors: tuple[str, ...] = ()

    @property
    def uses_tls(self) -> bool:
        return self.servers[0].startswith("tls:")

    def __str__(self) -> str:
        return f"{','.join(self.servers)}/{self.stream}"


class Store(click.ParamType[StoreUrl | NatsUrl]):
    """The type of --store: `memory:`, `sqlite:PATH`, or the URL of a stream that several servers share."""

    name = "store"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> StoreUrl | NatsUrl:
        if value.startswith(("nats:", "tls:")):
            return self._stream(value, param, ctx)
        scheme, _, path = value.partition(":")
        if scheme == "sqlite" and is_file_path(path):
            return StoreUrl("sqlite", path)
        if value != "memory:":
            self.fail(f"{shown(value)} is not memory:, sqlite:PATH or nats://HOST:PORT/STREAM.", param, ctx)
        return StoreUrl("memory")

    def _stream(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> NatsUrl:
        if "@" in value:  # the value is not shown, because it may have a password
            self.fail(
                "no user or password may be in the URL, which lists of processes show; give --nats-creds.", param, ctx
            )
        parts = re.fullmatch(_NATS, value, re.DOTALL)
        if parts is None:
            self.fail(f"{shown(value)} is not nats://HOST:PORT[,HOST:PORT...]/STREAM.", param, ctx)
        scheme, hosts, stream, query = parts.groups()
        given = dict(parse_qsl(query or "", keep_blank_values=True))
        unknown = given.keys() - {"cache", "monitor"}
        if unknown:
            self.fail(f"{shown(min(unknown))} is not cache or monitor, which the URL of a stream may have.", param, ctx)
        cache = given.get("cache", f"{stream}.cache.db")
        if not is_file_path(cache):
            self.fail(f"{shown(cache)} is not the path of a file for the cache.", param, ctx)
        monitors = tuple(given["monitor"].split(",")) if "monitor" in given else ()
        for each in monitors:
            if not re.fullmatch(rf"https?://{_SERVER}/?", each):
                self.fail(
                    f"{shown(each)} is not the URL of a monitoring port such as http://10.0.0.1:8222.", param, ctx
                )
        servers = tuple(f"{scheme}://{host}" for host in hosts.split(","))
        return NatsUrl(servers, stream, cache, tuple(each.removesuffix("/") for each in monitors))


def is_file_path(path: str) -> bool:
    """Return whether SQLite reads a path as that of a file: not ":memory:" as a database in memory, nor "file:" as a URI."""
    return bool(path) and not path.startswith((":", "file:"))
