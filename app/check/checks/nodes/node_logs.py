"""Checks that several servers have one log: the same contract, the same events, and ids of one are good at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.check.checks.following import begins_with_gap, read_known
from app.check.findings import Finding
from app.check.http.stream_blocks import OrderEvent
from app.check.published_contract import DOCUMENT
from app.check.request import Request, excerpt
from app.check.target.at_node import asking, at
from app.check.target.differences import deleted, differences
from app.check.target.paging import read_page
from app.check.target.stored_log import StoredLog
from app.check.target.target import Target


def nodes_contract(target: Target) -> Iterator[Finding]:
    """Every node publishes the same contract.

    This check yields a finding for each node whose OpenAPI document differs from that of the first.
    """
    for node in target.nodes:
        response = node.session.fetch(DOCUMENT)
        try:
            same = response.json() == target.contract.document
        except ValueError:
            same = False
        if not same:
            seen = f"it differs from that of the first node: {response}"
            yield Finding("Every node publishes the same document.", seen, at(node, DOCUMENT))


def nodes_log(target: Target) -> Iterator[Finding]:
    """Every node has the same events, with the same ids and in the same order.

    This check reads the log at each node; it yields a finding for each whose events differ from those of the first.
    """
    log = target.log()
    for node in target.nodes:
        promised = "Every node has the same log."
        yield from _same(target, node, node.finite(("from", "earliest")), log.events, promised)


def nodes_ids(target: Target) -> Iterator[Finding]:
    """An id of one node is good at all: of an event, of a checkpoint and of a page.

    This check resumes at each node after ids of the first one, and the other way around. It yields a finding for each gap, and for each
    stream that does not have exactly the events that follow.
    """
    log = target.log(least=2)
    place = target.random.randrange(len(log.events) - 1)
    for node in target.nodes:
        for there, here in ((target, node), (node, target)):
            for id, expected in _ids(there, log, place):
                request = here.finite(("lastEventId", id))
                promised = "After an id of another node, exactly the events that follow it arrive."
                yield from _same(target, here, request, expected, promised)


def _ids(node: Target, log: StoredLog, place: int) -> Iterator[tuple[str, Sequence[OrderEvent]]]:
    """Yield ids that a node sends, each with the events of the log after it: of an event, a stream's first frame, and a page."""
    with asking(node):
        after = ("lastEventId", log.events[place].id)
        yield log.events[place].id, log.events[place + 1 :]
        begins = node.session.read(node.stream(after), lambda reader: bool(reader.blocks))
        if begins.blocks and begins.blocks[0].id and not begins_with_gap(begins):
            yield begins.blocks[0].id, log.events[place + 1 :]
        response = node.session.fetch(node.page(after, ("limit", "1")))
        page = read_page(node, response)
        if [each.id for each in page.events] == [log.events[place + 1].id]:
            yield page.last_event_id, log.events[place + 2 :]


def _same(
    target: Target, node: Target, request: Request, expected: Sequence[OrderEvent], promised: str
) -> Iterator[Finding]:
    log = target.log()
    with asking(node):
        stream = read_known(node, log, expected, request)
    yield from differences(target, log, expected, stream.events, request=at(node, request), promised=promised)
    if begins_with_gap(stream) and not deleted(target, log):
        yield Finding(promised, excerpt(stream.blocks[0].text), at(node, request))
