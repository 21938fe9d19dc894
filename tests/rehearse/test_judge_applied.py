"""What a consumer reports is compared with what it was sent, without a server."""

from __future__ import annotations

import pytest

from app.rehearse.judge.applied import judge_applied
from app.rehearse.scenario import Scenario, Stream
from tests.rehearse import made_requests

SENT = [made_requests.event(id, number) for number, id in enumerate("ab", 1)]


@pytest.mark.parametrize(
    ("reported", "finding", "ids"),
    [
        ("ab", None, ()),
        ("abx", "It applied 1 event that was never sent whole.", ("x",)),
        ("axbx", "It applied 1 event that was never sent whole.", ("x",)),
        ("aab", "It applied 1 event more than once.", ("a",)),
        ("ba", "It applied a after b.", ("a", "b")),
        ("a", "It never applied 1 event of 2.", ("b",)),
    ],
)
def test_what_was_applied_is_judged_by_set_and_order(reported: str, finding: str | None, ids: tuple[str, ...]) -> None:
    answer = Stream()
    seen = made_requests.seen(made_requests.asked(answer, *SENT), applied=reported)
    found = [(fault.seen, fault.ids) for fault in judge_applied(seen, Scenario("it", "", (answer,)), reports=True)]
    assert found[:1] == ([] if finding is None else [(finding, ids)])
