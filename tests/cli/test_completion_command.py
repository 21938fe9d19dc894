"""Shells complete commands, options and event types."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.output import tail_format
from tests.cli.command import PATIENCE_SECONDS, run
from tests.support.ports import url_without_server
from tests.support.server_process import ServerProcess


@pytest.fixture(autouse=True)
def patient_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer for a server than a shell may: machines that run tests are busy."""
    monkeypatch.setattr(tail_format, "_COMPLETION_SECONDS", PATIENCE_SECONDS)


def completed(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    """Return the completions of the last word of a command line."""
    monkeypatch.setenv("_ORDERS_EVENTS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(("orders-events", *words)))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    return [line.removeprefix("plain,") for line in run().out.splitlines() if line]


def test_commands_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed(monkeypatch, "ta") == ["tail"]
    assert {"serve", "publish", "tail", "check"} <= set(completed(monkeypatch, ""))


def test_options_and_their_values_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed(monkeypatch, "tail", "--form") == ["--format"]
    assert completed(monkeypatch, "tail", "--format", "") == ["json", "text"]


def test_event_types_of_the_server_are_completed(monkeypatch: pytest.MonkeyPatch, server: ServerProcess) -> None:
    before = ("tail", "--url", server.url, "--event-types")
    assert completed(monkeypatch, *before, "") == ["order.cancelled", "order.shipped"]
    assert completed(monkeypatch, *before, "order.s") == ["order.shipped"]
    assert completed(monkeypatch, *before, "order.shipped,order.c") == ["order.shipped,order.cancelled"]
    assert completed(monkeypatch, *before, "stream.") == []


def test_server_may_be_named_by_its_variable(monkeypatch: pytest.MonkeyPatch, server: ServerProcess) -> None:
    monkeypatch.setenv("ORDERS_EVENTS_URL", server.url)
    assert completed(monkeypatch, "tail", "--event-types", "order.s") == ["order.shipped"]


@pytest.mark.parametrize("url", [url_without_server(), "nonsense"], ids=["nobody", "nonsense"])
def test_no_event_type_is_completed_if_no_server_answers(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert completed(monkeypatch, "tail", "--url", url, "--event-types", "order") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_written_for_the_named_shell(shell: str) -> None:
    ran = run("completion", shell)
    assert (ran.code, ran.errors) == (0, [])
    assert f"_ORDERS_EVENTS_COMPLETE={shell}_complete" in ran.out


def test_help_shows_the_line_for_each_shell() -> None:
    lines = [line.strip() for line in run("completion", "--help").out.splitlines()]
    assert '~/.bashrc                    eval "$(orders-events completion bash)"' in lines
    assert '~/.zshrc                     eval "$(orders-events completion zsh)"' in lines
    assert "~/.config/fish/config.fish   orders-events completion fish | source" in lines


def test_unknown_shell_is_refused() -> None:
    assert run("completion", "csh").code == 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_with_the_script() -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    script = """
        eval "$(orders-events completion bash)"
        COMP_WORDS=(orders-events tail --form) COMP_CWORD=2
        _orders_events_completion orders-events
        echo "${COMPREPLY[@]}"
    """
    ran = subprocess.run(
        ["bash", "--norc", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("--format\n", "")
