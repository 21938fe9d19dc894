"""Judge a run: what is on disk against what was acknowledged, and what each reader was sent against what is on disk.

It knows the history of the log and the offsets and ids that were seen from outside; it shares no code with what it judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from tests.simulation.disk import Written
from tests.simulation.reader import Reader
from tests.support.sessions import faults_of_session


def faults_of(history: Sequence[Written], acknowledged: Mapping[str, str], readers: Sequence[Reader]) -> Iterator[str]:
    """Name every promise that was broken."""
    stored = [written.stored for written in history]
    yield from _faults_of_history(history, acknowledged)
    for reader in readers:
        yield from (f"{reader.name}: {fault}" for fault in reader.faults)
        for session in reader.sessions:
            yield from (f"{reader.name}: {fault}" for fault in faults_of_session(session, stored))


def _faults_of_history(history: Sequence[Written], acknowledged: Mapping[str, str]) -> Iterator[str]:
    ids = {(written.stored.id, written.stored.event_id) for written in history}
    yield from (
        f"{event_id} was acknowledged as {id_}, and is not stored so"
        for event_id, id_ in acknowledged.items()
        if (id_, event_id) not in ids
    )
    if len({written.stored.id for written in history}) < len(history):
        yield "an id was given twice"
    newest: dict[str, int] = {}
    for stored, floor_offset in history:
        if newest.get(stored.event_id, 0) > floor_offset:
            yield f"{stored.event_id} is stored twice, as {newest[stored.event_id]} and as {stored.offset}"
        newest[stored.event_id] = stored.offset
    for (earlier, _), (later, _) in pairwise(history):
        if later.offset <= earlier.offset or later.stored_at_us < earlier.stored_at_us:
            yield f"{later.id} is not after {earlier.id}"
