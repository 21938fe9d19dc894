"""The blocks of a SQLite log as bytes: a log that is written now must be a log to version 1.1.0, too."""

from __future__ import annotations

import random

import pytest

from app.events.event import StoredEvent
from app.stores.sqlite.checksums import checksum_of
from app.stores.sqlite.event_blocks import BLOCK_EVENTS, EMPTY, Block, extended

MICROSECOND = 1_714_557_600_000_000
EVENTS = [
    StoredEvent(1, "k7f3q2a1", "order.shipped", "1.1.0", "e-1", "or_1", MICROSECOND, '{"orderId":"or_1"}'),
    StoredEvent(
        2,
        "k7f3q2a1",
        "order.cancelled",
        "1.0.0",
        "e-2",
        "or_2",
        MICROSECOND + 1,
        r'{"orderId":"or_2","reason":"n\u00e3o"}',
    ),
    StoredEvent(3, "b8", "order.shipped", "1.1.0", "e-3", None, MICROSECOND + 1, "{}"),
]
BY_VERSION_1_1_0 = "00000000 dfc8894b 34cbdfb2 cb40cb2d d6c58979 6c9480e0 00000000 e94772cb 996ef95c e94772cb"


@pytest.mark.parametrize("first", [1, 2, 3])
def test_checksums_and_keys_are_those_of_version_1_1_0(first: int) -> None:
    block = EMPTY
    for events in (EVENTS[:first], EVENTS[first:]):
        block = [block, *extended(block, events)][-1]
    assert block.entries.hex(" ", 4) == BY_VERSION_1_1_0
    assert block.checksum == 1388002590


def test_blocks_do_not_depend_on_the_sizes_of_the_commits() -> None:
    dice = random.Random(256)
    events = [EVENTS[0]._replace(offset=offset, order_id=f"or_{offset}") for offset in range(1, 3 * BLOCK_EVENTS)]
    at_once = extended(EMPTY, events)
    by_commits: dict[int, Block] = {}
    newest, rest = EMPTY, events
    while rest:
        count = dice.randrange(1, 300)
        blocks = extended(newest, rest[:count])
        by_commits.update((block.number, block) for block in blocks)
        newest, rest = blocks[-1], rest[count:]
    assert [*by_commits.values()] == at_once
    assert [block.size for block in at_once] == [BLOCK_EVENTS, BLOCK_EVENTS, BLOCK_EVENTS - 1]
    checksum = 0
    for event in events:
        checksum = checksum_of(event, checksum)
    assert at_once[-1].checksum_at(events[-1].offset) == checksum
