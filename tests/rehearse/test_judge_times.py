"""What is said about times does not depend on how long a consumer takes to apply an event, or on a busy machine."""

from __future__ import annotations

from itertools import accumulate

import pytest

from app.rehearse.judge.presence import judge_presence
from app.rehearse.judge.returns import judge_returns
from app.rehearse.observed.observations import Asked, Phase
from app.rehearse.observed.seen import Seen
from app.rehearse.observed.watch import Patience
from app.rehearse.scenario import Answer, Ending, Refusal, Scenario, Stream
from tests.rehearse.made_requests import asked, event, seen

CUT = Stream(end=Ending.CUT)
SCENARIO = Scenario("it", "", (CUT, CUT, CUT, CUT, Stream()))


def said(found: Seen, scenario: Scenario = SCENARIO) -> list[str]:
    return [
        *(fault.seen for fault in judge_presence(found, scenario, "URL", Patience(), slack_seconds=1.0)),
        *(fault.seen for fault in judge_returns(found, scenario, slack_seconds=1.0)),
    ]


def cuts(*waits: float) -> list[Asked]:
    times = [1.0 + sum(waits[:count]) for count in range(len(waits) + 1)]
    return [asked(CUT, at=each) for each in times]


def test_consumer_that_still_applies_is_not_said_to_stay_away() -> None:
    found = seen(asked(CUT, event("a", 1), event("b", 2)), applied="a")
    found.phase = Phase.RETURNING
    (told,) = said(found)
    assert "It had applied 1 of 2 events when it reported no more for 10 s." in told
    assert "--apply-seconds" in told


def test_consumer_that_has_applied_everything_and_stays_away_is_said_to_do_so() -> None:
    found = seen(asked(CUT, event("a")), applied="a")
    found.phase = Phase.RETURNING
    assert said(found) == ["It did not come back after the connection was cut."]


def test_only_a_consumer_that_is_late_each_time_is_late() -> None:
    assert said(seen(*cuts(5.0, 5.0, 0.1))) == []
    assert said(seen(*cuts(5.0, 5.0))) == []
    assert len(said(seen(*cuts(5.0, 5.0, 5.0)))) == 1


def test_time_in_which_a_consumer_may_apply_what_it_was_sent_is_not_a_wait() -> None:
    requests = [asked(CUT, event(id), at=5.0 * place) for place, id in enumerate("abcd")]
    assert said(seen(*requests)) == []


def test_each_wait_for_retry_after_counts() -> None:
    refusal = Refusal(status=503, seconds=1.5, retry_after=2)
    scenario = Scenario("it", "", (refusal, Stream()))
    requests = [asked(refusal), asked(Stream(), at=1.7)]
    assert said(seen(*requests), scenario) == ["It came back 1.700 s after an answer 503, which had Retry-After: 2."]
    requests = [asked(refusal), asked(Stream(), at=1.9)]
    assert said(seen(*requests), scenario) == []


@pytest.mark.parametrize(
    ("waits", "is_alike"),
    [
        ((1.0, 2.0, 4.0, 1.001, 2.003, 4.0), True),
        ((1.0, 2.0, 4.0, 1.001, 2.2, 4.0), False),
        ((1.0, 2.0, 1.0, 2.0), False),
    ],
)
def test_waits_after_failures_are_not_the_same_in_each_outage(waits: tuple[float, ...], is_alike: bool) -> None:
    outage = Refusal(status=500, seconds=1.2, least_requests=3)
    half = len(waits) // 2
    answers: list[Answer] = [*[outage] * half, CUT, *[outage] * half, Stream()]
    times = [1.0, *accumulate([*waits[:half], 0.2, *waits[half:]], initial=1.2)]
    requests = [asked(answer, at=time) for answer, time in zip([CUT, *answers], times, strict=True)]
    assert (len(said(seen(*requests), Scenario("it", "", (CUT, outage, CUT, outage, Stream())))) == 1) is is_alike


def test_an_old_connection_may_stay_a_little_as_long_as_the_machine_is_slow() -> None:
    request = asked(CUT)
    request.beside_from, request.beside_until = 0.0, 1.4
    assert said(seen(request)) == []
    request.beside_until = 1.6
    (told,) = said(seen(request))
    assert "two streams open" in told
