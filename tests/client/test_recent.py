"""The memory of delivered ids is bounded."""

from __future__ import annotations

from app.client.protocol.recent import RecentIds


def test_oldest_ids_are_removed_first() -> None:
    recent = RecentIds(kept=3)
    assert [recent.add(each) for each in "abcabc"] == [True] * 3 + [False] * 3
    assert recent.add("d")
    assert [recent.add(each) for each in "dcb"] == [False] * 3
    assert recent.add("a")


def test_clear_removes_all_ids() -> None:
    recent = RecentIds()
    recent.add("a")
    recent.clear()
    assert recent.add("a")
