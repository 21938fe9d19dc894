"""Checks that what is published at one node is seen at all of them: at once, once, and in one order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from app.check.checks.following import by_header
from app.check.findings import Finding
from app.check.http.event_stream import has
from app.check.target.at_node import asking, at
from app.check.target.paging import read_page
from app.check.target.probe_events import Stored, encoded, new_event, new_order, publish, publishing
from app.check.target.problem_faults import faults
from app.check.target.target import Target

_ROUNDS = 2  # of a reader that hops through all nodes


def nodes_published(target: Target) -> Iterator[Finding]:
    """An event that one node has acknowledged is on every page that any node is asked for afterwards.

    This check publishes at each node, and reads at all others at once; it yields a finding for each page without the event.
    """
    nodes = (target, *target.nodes)
    for node in nodes:
        order = new_order()
        stored = _publish(node, order)
        for other in nodes:
            request = other.page(("from", "earliest"), ("orderId", order))
            with asking(other):
                came = [each.id for each in read_page(other, other.session.fetch(request)).events]
            if came != [stored.id]:
                seen = f"{len(came)} events came, after a 201 of {node.session.url}"
                promised = "After a 201 of one node, every request at any node finds the event."
                yield Finding(promised, seen, at(other, request), (stored.id,))


def nodes_repeated(target: Target) -> Iterator[Finding]:
    """An `eventId` is that of one event over all nodes.

    This check publishes an event at the first node, and then it and another with its `eventId` at each other. It yields a finding if
    one is stored again, or if the other one is not refused with 409.
    """
    event = new_event(target)
    (stored,) = publish(target, event)
    for node in target.nodes:
        with asking(node):
            (again,) = publish(node, event)
        if not again.duplicate or again.id != stored.id:
            seen = f"duplicate: {again.duplicate}, id {again.id} instead of {stored.id}"
            promised = "At another node, too, the answer has `duplicate: true` and the first id."
            yield Finding(promised, seen, at(node, again.request), (stored.id,))
        other = publishing(node, encoded({**new_event(node), "eventId": event["eventId"]}))
        for finding in faults(node, node.session.fetch(other), 409, "The eventId of an event of another node"):
            yield replace(finding, request=at(node, other))


def nodes_open(target: Target) -> Iterator[Finding]:
    """Streams that stay open have the events of all nodes once and in one order, at every node.

    This check publishes at every node while a stream is open at each; it yields a finding for each stream that differs.
    """
    nodes = (target, *target.nodes)
    seconds = target.options.timeout_seconds
    with ExitStack() as streams:
        open = [streams.enter_context(node.session.following(node.stream())) for node in nodes]
        for following in open:
            following.until(lambda reader: bool(reader.blocks), seconds)
        ids = [_publish(node, new_order()).id for node in nodes]
        deadline = time.monotonic() + seconds
        for node, following in zip(nodes, open, strict=True):
            following.until(has(ids[-1]), max(0, deadline - time.monotonic()))
            stream = following.stream()
            arrived = [each.id for each in stream.events if each.id in ids]
            if arrived != ids:
                seen = f"{len(arrived)} of {len(ids)} arrived, or in another order"
                promised = "An open stream has the events of every node, in the order in which they were acknowledged."
                yield Finding(promised, seen, at(node, stream.request), tuple(ids))


def nodes_hopping(target: Target) -> Iterator[Finding]:
    """A reader that goes from node to node with its last id gets every event once and in order.

    This check publishes at one node, and resumes a stream that stays open at the next one, several times. It yields a finding if the
    events that were read are not those that were published.
    """
    nodes = (target, *target.nodes)
    begins = target.session.read(target.stream(), lambda reader: bool(reader.blocks))
    last = begins.blocks[0].id if begins.blocks else None
    for turn in range(_ROUNDS * len(nodes)):
        publisher, reader = nodes[turn % len(nodes)], nodes[(turn + 1) % len(nodes)]
        stored = _publish(publisher, new_order())
        request = by_header(reader, last or "", follow=True)
        with asking(reader), reader.session.following(request) as following:
            following.until(has(stored.id), target.options.timeout_seconds)
            stream = following.stream()
        first = [block.event for block in stream.blocks[:1]]
        if [each.id for each in stream.events].count(stored.id) != 1 or first == ["stream.gap"]:
            seen = f"after {last} came {first}, and {len(stream.events)} events"
            promised = "A stream that is resumed at another node has each event that followed once."
            yield Finding(promised, seen, at(reader, request), (stored.id,))
            return
        last = stored.id


def _publish(node: Target, order: str) -> Stored:
    with asking(node):
        (stored,) = publish(node, new_event(node, order))
    return stored
