"""`orders-events log`: what it prints about a stream on a real NATS server, and its exit codes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.stores.sqlite.store import SqliteStore
from tests.cli.command import run
from tests.events.logs import event
from tests.stores.opened import opening
from tests.support.nats_server import nats_server


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("nats", reason="nats-py is not installed.")
    with nats_server(tmp_path_factory.mktemp("nats")) as server:
        yield server.url


def test_a_stream_is_made_once_and_then_left_as_it_is(nats: str) -> None:
    for _ in range(2):
        made = run("log", "init", f"{nats}/made", "--replicas", "1", "--retain-events", "10")
        assert (made.code, made.errors) == (0, [])
        assert made.out == "The stream made can be used by `orders-events serve`.\n"


def test_what_an_existing_stream_lacks_is_said_in_one_line(nats: str) -> None:
    assert run("log", "init", f"{nats}/single", "--replicas", "1").code == 0
    examined = run("log", "init", f"{nats}/single")
    assert (examined.code, examined.out) == (1, "")
    assert examined.errors == ["orders-events: The stream single is not safe to use: it must have 3 replicas, not 1."]


def test_a_command_gives_up_long_before_a_server_would(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    pytest.importorskip("nats", reason="nats-py is not installed.")
    compared = run("log", "compare", f"nats://127.0.0.1:1/none?cache={tmp_path / 'copy.db'}")
    assert (compared.code, compared.out) == (1, "")
    assert compared.errors[-1].startswith("orders-events: The NATS servers 127.0.0.1:1 cannot be used:")
    [waiting] = [record for record in caplog.records if record.msg.startswith("The NATS servers do not answer yet")]
    assert waiting.__dict__["fields"] == {"stream": "none", "seconds": 5.0}


def test_a_new_epoch_is_named(nats: str) -> None:
    run("log", "init", f"{nats}/epochs", "--replicas", "1")
    begun = [run("log", "new-epoch", f"{nats}/epochs") for _ in range(2)]
    assert [each.code for each in begun] == [0, 0]
    assert all(" has begun; its first id is " in each.out for each in begun)
    assert begun[0].out != begun[1].out


def test_the_first_event_of_a_copy_that_the_stream_does_not_have_is_named(nats: str, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    run("log", "init", f"{nats}/compared", "--replicas", "1")

    async def store() -> str:
        async with opening(SqliteStore(file)) as log:
            [stored] = await log.append(event("only-here"))
            return stored.id

    identifier = asyncio.run(store())
    compared = run("log", "compare", f"{nats}/compared?cache={file}")
    assert (compared.code, compared.out) == (1, "")
    assert compared.errors == [f"orders-events: The first difference is {identifier}: it is missing in the stream."]


@pytest.mark.parametrize("command", ["init", "compare", "new-epoch"])
def test_a_log_that_is_not_shared_is_wrong_usage(command: str) -> None:
    refused = run("log", command, "sqlite:orders.db")
    assert refused.code == 2
    assert "sqlite:orders.db is not a log that several servers share" in refused.errors[0]


@pytest.mark.parametrize("command", ["verify", "backup"])
def test_commands_for_a_log_in_a_file_refuse_a_stream(command: str) -> None:
    refused = run(command, "nats://127.0.0.1/orders", *(["file"] if command == "backup" else []))
    assert refused.code == 2
    assert "`orders-events log` takes care of it" in refused.errors[0]
