"""`--token-file` and ORDERS_EVENTS_TOKEN of tail, publish and check: the access token that their requests carry."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.cli.command import Ran, run
from tests.cli.scripted_server import Answer, Asked, ScriptedServer, problem, stored, stream

EVENT = '{"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}}'
END = stream('retry: 20\nevent: stream.closing\ndata: {"reason": "end"}')


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("token-1\n")
    return file


def sent_to(server: ScriptedServer) -> list[str | None]:
    return [each.headers.get("Authorization") for each in server.asked]


def publish(url: str, folder: Path, *options: str) -> Ran:
    (folder / "events.ndjson").write_text(EVENT)
    return run("publish", str(folder / "events.ndjson"), "--url", url, "--retry-max-time", "0", *options)


def test_each_command_sends_the_token_of_the_file(token_file: Path, tmp_path: Path) -> None:
    option = ("--token-file", str(token_file))
    with ScriptedServer(stored(False), END, problem(503, "Not now.")) as server:
        assert publish(server.url, tmp_path, *option).code == 0
        assert run("tail", "--url", server.url, *option).code == 0
        run("check", server.url, *option)
    assert sent_to(server) == ["Bearer token-1"] * 3


def test_token_of_the_environment_counts_without_a_file(
    token_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_EVENTS_TOKEN", "token-2")
    with ScriptedServer(stored(False)) as server:
        publish(server.url, tmp_path)
        publish(server.url, tmp_path, "--token-file", str(token_file))
    assert sent_to(server) == ["Bearer token-2", "Bearer token-1"]


def test_file_is_read_again_if_the_server_does_not_accept_the_token(token_file: Path, tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        token_file.write_text("token-2")
        return stored(False) if asked.headers["Authorization"] == "Bearer token-2" else problem(401, "No.")

    with ScriptedServer(script=script) as server:
        assert publish(server.url, tmp_path, "--token-file", str(token_file)).code == 0
    assert sent_to(server) == ["Bearer token-1", "Bearer token-2"]


def test_file_that_has_no_token_for_a_moment_is_read_again(token_file: Path) -> None:
    def script(asked: Asked) -> Answer:
        if asked.headers["Authorization"] == "Bearer token-2":
            return END
        token_file.write_text("")
        return problem(401, "No.")

    def wait(_seconds: float) -> None:
        token_file.write_text("token-2")

    with ScriptedServer(script=script) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.client.order_stream.time.sleep", wait)
        ran = run("tail", "--url", server.url, "--token-file", str(token_file))
    assert (ran.code, sent_to(server)) == (0, ["Bearer token-1", "Bearer token-2"])
    assert ran.errors[0].startswith("orders-events: There is no access token")


@pytest.mark.parametrize("content", [None, "", "two words", "naïve"])
@pytest.mark.parametrize("command", [["tail"], ["publish", __file__], ["check", "http://127.0.0.1:1"]])
def test_file_without_a_token_is_one_line(command: list[str], content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    ran = run(*command, "--token-file", str(file))
    assert (ran.code, ran.out, len(ran.errors)) == (2, "", 1)
    assert ran.errors[0].startswith("orders-events: Invalid value for '--token-file': ")
    assert not content or content not in ran.errors[0]


def test_variable_without_a_token_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_EVENTS_TOKEN", "two words")
    ran = run("tail")
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert ran.errors[0].startswith("orders-events: ORDERS_EVENTS_TOKEN does not have an access token.")


def test_event_types_are_completed_with_the_token(token_file: Path) -> None:
    listed = b'{"eventTypes": [{"eventType": "order.shipped", "kind": "order"}]}'
    with ScriptedServer(Answer(200, listed)) as server:
        words = ["tail", "--url", server.url, "--token-file", str(token_file), "--event-types", ""]
        variables = {"COMP_WORDS": " ".join(["orders-events", *words]), "COMP_CWORD": str(len(words))}
        completed = CliRunner(env={"_ORDERS_EVENTS_COMPLETE": "bash_complete", **variables}).invoke(main)
    assert completed.output == "plain,order.shipped\n"
    assert sent_to(server) == ["Bearer token-1"]
