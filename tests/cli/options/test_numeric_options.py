"""Every number that a command takes is finite and written plainly: a time of `nan` would never be over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import click
import pytest

from app.cli import COMMANDS, UnloadedCommand, main
from app.settings.setting_types import Number, WholeNumber

NUMERIC = (click.types.IntParamType, click.types.FloatParamType)
NO_NUMBERS = ("nan", "inf", "-inf", "-1", "1e999", "0x10", "1_0", " 5", "5 ", "", "٣", "five")


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    for name, listed in group.commands.items():
        command = listed.load() if isinstance(listed, UnloadedCommand) else listed
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name)), command


OPTIONS = [
    pytest.param(option, id=f"{name} {option.name}")
    for name, command in commands(cast("click.Group", main))
    for option in command.params
    if isinstance(option.type, NUMERIC)
]


def test_all_commands_are_looked_at() -> None:
    assert {str(each.id).split()[0] for each in OPTIONS} >= {"serve", "tail", "publish", "forward", "check", "log"}
    assert {name.split()[0] for name, _ in commands(cast("click.Group", main))} == set(COMMANDS)


@pytest.mark.parametrize("option", OPTIONS)
def test_what_is_no_plain_number_is_refused_with_a_sentence_that_quotes_it(option: click.Option) -> None:
    assert isinstance(option.type, (Number, WholeNumber))
    for text in NO_NUMBERS:
        with pytest.raises(click.BadParameter, match=r"is not a (whole )?number") as refused:
            option.type.convert(text, option, None)
        assert repr(text) in refused.value.message
