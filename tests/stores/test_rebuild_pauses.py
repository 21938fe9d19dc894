from __future__ import annotations

from app.stores.replica.rebuild_pauses import CALM_SECONDS, LONGEST_SECONDS, RebuildPauses


def test_a_copy_is_made_anew_at_once_and_later_the_more_often_it_is_damaged() -> None:
    pauses = RebuildPauses(clock=lambda: 0.0)
    assert [pauses.next_seconds() for _ in range(5)] == [0, 1, 2, 4, 8]
    assert [pauses.next_seconds() for _ in range(5)][-2:] == [LONGEST_SECONDS] * 2


def test_a_copy_that_lasted_is_made_anew_at_once() -> None:
    now = [0.0]
    pauses = RebuildPauses(clock=lambda: now[0])
    assert [pauses.next_seconds() for _ in range(3)] == [0, 1, 2]
    now[0] += 2 + CALM_SECONDS
    assert pauses.next_seconds() == 4
    now[0] += 4 + CALM_SECONDS + 1
    assert pauses.next_seconds() == 0
