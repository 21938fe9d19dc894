"""A reader gets a gap, never a silent hole, if retention deletes events that it has not read; everything kept is delivered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from httpx_sse import ServerSentEvent

from tests.support.checker import Ledger, SubscriberLog, judge
from tests.support.crowds import stored_log
from tests.support.publishers import counted, publish_now
from tests.support.runs_of_slow_readers import overtaken_by_retention
from tests.support.servers import sqlite, start_server
from tests.support.subscribers import ANSWER_SECONDS, poll, read_stored, read_stream, read_until


async def test_slow_reader_gets_a_gap_in_its_stream_if_its_events_are_deleted(tmp_path: Path) -> None:
    readers = await overtaken_by_retention(sqlite(tmp_path), subscribers=2, kept=9_000, seed=21)
    for reader in readers:
        # One or more: retention may overtake a reader again while its buffers fill. The checker finds what no gap excuses.
        assert {gap.reason for gap in reader.log.gaps} == {"expired"}
        assert (reader.connections, reader.cuts) == (1, 0), "the gap comes within the stream"


def test_only_an_id_before_the_newest_deleted_event_is_expired(tmp_path: Path) -> None:
    with start_server(sqlite(tmp_path), "--retain-events", "100") as server:
        url = server.events_url
        ids = [*publish_now(url, counted(0, 80)), *publish_now(url, counted(1, 80))]
        kept = [frame.id for frame in read_stored(url)]
        assert kept == ids[-100:]
        newest_deleted = ids[-101]
        assert [frame.id for frame in read_stored(url, newest_deleted)] == kept
        assert read_stream(url, newest_deleted, follow="false")[0].event == "stream.checkpoint"
        gap = read_stream(url, ids[-102], follow="false")[0]
        assert gap.event == "stream.gap"
        assert gap.json() == {"reason": "expired", "requested": ids[-102], "earliest": gap.id}
        assert [frame.id for frame in read_stored(url, gap.id)] == kept
        assert read_stream(url, gap.id, follow="false")[0].event == "stream.checkpoint"


class Overfull(NamedTuple):
    """A server that has deleted most of its log, and the ids of all events that were published."""

    url: str
    ids: list[str]


@pytest.fixture(scope="module")
def overfull(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Overfull]:
    with start_server(sqlite(tmp_path_factory.mktemp("overfull")), "--retain-events", "50") as server:
        yield Overfull(server.events_url, publish_now(server.events_url, counted(0, 160)))


@pytest.mark.parametrize(
    "filters", [{}, {"orderId": "p0-000159"}, {"orderId": "or_nobody"}], ids=["all", "kept", "nobody"]
)
def test_expired_id_is_a_gap_with_every_filter(overfull: Overfull, filters: dict[str, str]) -> None:
    opening = read_stream(overfull.url, overfull.ids[0], follow="false", **filters)[0]
    query = {"lastEventId": overfull.ids[0], **filters}
    headers = {"Accept": "application/json"}
    page = httpx.get(overfull.url, params=query, headers=headers, trust_env=False, timeout=ANSWER_SECONDS)
    assert (opening.event, opening.json()["reason"]) == ("stream.gap", "expired")
    assert page.status_code == 410
    assert page.json()["earliest"] == opening.id


async def test_log_that_age_has_emptied_has_an_id_to_resume_from(tmp_path: Path) -> None:
    with start_server(sqlite(tmp_path), "--retain-seconds", "1") as server:
        url = server.events_url
        ids = publish_now(url, counted(0, 30))
        await poll(lambda: read_stored(url) == [], "retention by age")
        opening, *rest = read_stream(url, ids[3], follow="false")
        assert (opening.event, opening.json()) == (
            "stream.gap",
            {"reason": "expired", "requested": ids[3], "earliest": opening.id},
        )
        assert [frame.event for frame in rest] == ["stream.closing"]
        assert read_stream(url, opening.id, follow="false") == [], "the earliest position of an empty log is its head"
        assert not set(ids) & set(follow_what_is_published(url, opening.id))


def follow_what_is_published(url: str, last_event_id: str) -> list[str]:
    """Publish to a subscriber that follows from an id: it gets each event at once, before retention deletes it. Return the ids."""
    published: list[str] = []

    def all_came(frames: Sequence[ServerSentEvent]) -> bool:
        if frames and not published:
            published.extend(publish_now(url, counted(1, 3)))
        return len(frames) > len(published)

    opening, *events = read_until(all_came, url, last_event_id)
    assert (opening.event, opening.id) == ("stream.checkpoint", last_event_id)
    assert [frame.id for frame in events] == published
    return published


async def test_ids_and_floor_survive_a_restart_of_a_log_that_age_has_emptied(tmp_path: Path) -> None:
    with start_server(sqlite(tmp_path), "--retain-seconds", "1") as server:
        url = server.events_url
        ids = publish_now(url, counted(0, 30))
        await poll(lambda: read_stored(url) == [], "retention by age")
        earliest = read_stream(url, ids[0], follow="false")[0].id
    with start_server(sqlite(tmp_path)) as server:
        url, ledger = server.events_url, Ledger()
        after = publish_now(url, counted(1, 3), ledger)
        assert not set(ids) & set(after)
        assert [frame.id for frame in read_stored(url, earliest)] == after
        assert [frame.id for frame in read_stored(url, ids[-1])] == after
        log = SubscriberLog("s")
        for frame in read_stream(url, ids[0], follow="false"):
            log.take(frame.event, frame.data, frame.id)
        assert [gap.reason for gap in log.gaps] == ["expired"]
        assert judge(ledger, [log, stored_log(url)], gaps=["expired"]) == []
