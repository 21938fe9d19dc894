from __future__ import annotations

import re

import pytest

from app.events.position import Epoch, Epochs, Position, new_epoch, parse_position

# Three starts: the first wrote 1 to 10, the second nothing, the third 11 to 25; the fourth is open and has written 26 to 30.
EPOCHS = Epochs([Epoch("aaaaaaaa", 1), Epoch("bbbbbbbb", 11), Epoch("cccccccc", 11), Epoch("dddddddd", 26)])
HEAD = 30


@pytest.mark.parametrize("text", ["k7f3q2a1-0", "k7f3q2a1-1042", "00000000-999999999999999999"])
def test_an_issued_id_is_read_and_written_back(text: str) -> None:
    position = parse_position(text)
    assert position is not None
    assert str(position) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "nope", "-1", "0x1", "k7f3q2a1", "k7f3q2a1-", "-1042", "k7f3q2a1-01", "k7f3q2a1--1", "k7f3q2a1-1e3", "k7f3q2a1-1_0",
        "K7F3Q2A1-1", "k7f3q2a-1", "k7f3q2a11-1", "k7f3q2a1-1\n", "\nk7f3q2a1-1", " k7f3q2a1-1", "k7f3q2a1-\uff11",
        "k7f3q2a1-1234567890123456789", "k7f3q2a1-" + "9" * 5000, "k7f3q2a1_1",
    ],
)  # fmt: skip
def test_an_id_that_no_log_can_have_issued_is_not_a_position(text: str) -> None:
    assert parse_position(text) is None


def test_a_new_epoch_has_a_random_name_that_fits_in_an_id() -> None:
    names = {new_epoch(1).name for _ in range(1000)}
    assert len(names) == 1000
    assert all(re.fullmatch(r"[0-9a-z]{8}", name) for name in names)
    assert new_epoch(42).first_offset == 42


@pytest.mark.parametrize(
    ("epoch", "offset", "lost"),
    [
        ("aaaaaaaa", 0, None),  # before the first event
        ("aaaaaaaa", 10, None),
        ("aaaaaaaa", 11, "ahead"),  # written after that start, by a later one: never issued under this name
        ("bbbbbbbb", 9, "foreign"),
        ("bbbbbbbb", 10, None),  # this start wrote nothing, but its head had an id
        ("bbbbbbbb", 11, "ahead"),
        ("cccccccc", 9, "foreign"),
        ("cccccccc", 10, None),
        ("cccccccc", 25, None),
        ("cccccccc", 26, "ahead"),
        ("dddddddd", 24, "foreign"),
        ("dddddddd", 25, None),
        ("dddddddd", 30, None),
        ("dddddddd", 31, "ahead"),
        ("dddddddd", 999_999_999_999_999_999, "ahead"),
        ("zzzzzzzz", 5, "foreign"),
    ],
)
def test_a_position_is_known_within_the_range_of_its_epoch(epoch: str, offset: int, lost: str | None) -> None:
    assert EPOCHS.lost(Position(epoch, offset), HEAD) == lost


def test_no_position_is_foreign() -> None:
    assert EPOCHS.lost(None, HEAD) == "foreign"


@pytest.mark.parametrize(
    ("offset", "epoch"),
    [(0, "aaaaaaaa"), (9, "aaaaaaaa"), (10, "cccccccc"), (24, "cccccccc"), (25, "dddddddd"), (30, "dddddddd")],
)
def test_a_place_is_named_by_the_newest_epoch_that_covers_it(offset: int, epoch: str) -> None:
    assert EPOCHS.position(offset) == Position(epoch, offset)


def test_every_place_through_the_head_has_a_name_that_is_known() -> None:
    assert [EPOCHS.lost(EPOCHS.position(offset), HEAD) for offset in range(HEAD + 1)] == [None] * (HEAD + 1)


def test_ids_of_events_lost_with_a_restored_backup_are_noticed() -> None:
    # The backup held 10 events; 20 more had been written and sent when it was put back, and the next start writes anew.
    restored = Epochs([Epoch("aaaaaaaa", 1), Epoch("eeeeeeee", 11)])
    assert restored.lost(Position("aaaaaaaa", 20), head=40) == "ahead"
    assert restored.lost(Position("aaaaaaaa", 10), head=40) is None


def test_the_last_epoch_is_open() -> None:
    assert EPOCHS.open == Epoch("dddddddd", 26)


def test_a_log_that_begins_at_a_later_offset_names_its_beginning() -> None:
    begun = Epochs([Epoch("aaaaaaaa", 100)])
    assert begun.position(99) == Position("aaaaaaaa", 99)
    assert begun.position(3) == Position("aaaaaaaa", 3)
    assert begun.lost(Position("aaaaaaaa", 98), head=120) == "foreign"
