from __future__ import annotations

import secrets
import string
from random import Random

import pytest

from app.events.log.event_store import ID_KEY_BYTES
from app.events.log.opaque_ids import OpaqueIds
from app.events.position import Position, new_epoch

ALPHABET = string.ascii_letters + string.digits + "-_"
KEY = bytes(range(ID_KEY_BYTES))
POSITIONS = [Position("00000000", 0), Position("zzzzzzzz", 2**48 - 1), Position("k7f3q2xw", 1042)]


@pytest.mark.parametrize("position", POSITIONS)
def test_an_opaque_id_stands_for_its_position(position: Position) -> None:
    ids = OpaqueIds(KEY)
    for id in (*ids.of_events([position]), ids.of_place(position)):
        assert (len(id), set(id) <= set(ALPHABET)) == (22, True)
        assert ids.position(id) == position


def test_an_event_has_one_id_and_each_return_to_a_place_another() -> None:
    ids, again = OpaqueIds(KEY), OpaqueIds(KEY)
    assert ids.of_events(POSITIONS) == again.of_events((epoch, str(offset)) for epoch, offset in POSITIONS)
    places = [*(ids.of_place(POSITIONS[2]) for _ in range(1000)), *ids.of_events(POSITIONS)]
    assert len(set(places)) == len(places)


def test_an_id_of_another_log_stands_for_an_epoch_that_no_log_has() -> None:
    ids = OpaqueIds(KEY)
    other = OpaqueIds(secrets.token_bytes(ID_KEY_BYTES))
    found = ids.position(other.of_place(POSITIONS[2]))
    assert found is not None
    assert found.epoch != POSITIONS[2].epoch


def test_made_up_ids_are_of_no_known_epoch() -> None:
    ids, dice = OpaqueIds(KEY), Random(1)
    known = {new_epoch(1).name for _ in range(1000)}
    for _ in range(10_000):
        made_up = "".join(dice.choices(ALPHABET, k=21)) + dice.choice("AQgw")
        position = ids.position(made_up)
        assert position is not None
        assert position.epoch not in known


def test_no_id_has_a_second_form() -> None:
    ids = OpaqueIds(KEY)
    id = ids.of_place(POSITIONS[2])
    forms = [form for last in ALPHABET if (form := id[:-1] + last) and ids.position(form) == POSITIONS[2]]
    assert forms == [id]


@pytest.mark.parametrize("text", ["", "nope", "x" * 21, "x" * 22, "A" * 23, "A" * 21 + "=", "A" * 21 + "A\n", "é" * 22])
def test_other_texts_are_not_opaque_ids(text: str) -> None:
    assert OpaqueIds(KEY).position(text) is None
