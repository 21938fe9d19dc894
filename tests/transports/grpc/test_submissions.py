"""The events of a large message become submissions in pieces, between which the event loop does other work."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.events.publishing.turnstile import Turnstile
from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.errors import ContractViolation
from app.transports.grpc.messages.descriptors import MessageClasses
from app.transports.grpc.messages.event_messages import DataMessages
from app.transports.grpc.messages.submissions import EVENTS_AT_ONCE, read_submissions
from tests.support.rich_contract import ROOT

CONTRACTS = load_contracts(ROOT / "contracts")
PROTO = load_document(ROOT, CONTRACTS).proto
EVENT = MessageClasses(PROTO)["Event"]
DATA = DataMessages(PROTO, CONTRACTS)
REASON = "caf\u00e9 \u2028 \U0001f4e6 \x00"


def cancelled(number: int, **more: Any) -> Any:
    data = {"order_id": f"or_{number}", "when": "2024-05-01T10:00:00Z", "reason": REASON}
    return EVENT(order_cancelled_v1=data, event_id=f"e-{number}", **more)


async def test_events_are_read_in_order_and_in_pieces() -> None:
    events = [cancelled(number) for number in range(4 * EVENTS_AT_ONCE + 1)]
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count_turns())
    submissions = await read_submissions(events, DATA, Turnstile())
    counting.cancel()
    assert turns >= 4
    data: list[object] = [
        {"orderId": f"or_{each}", "when": "2024-05-01T10:00:00Z", "reason": REASON} for each in range(len(events))
    ]
    assert submissions == [
        {"eventType": "order.cancelled", "eventId": f"e-{each}", "data": data[each]} for each in range(len(events))
    ]


async def test_an_event_of_another_type_is_named_by_its_place_among_all_events() -> None:
    last = 2 * EVENTS_AT_ONCE
    events = [*map(cancelled, range(last)), cancelled(last, event_type="order.shipped")]
    with pytest.raises(ContractViolation) as refused:
        await read_submissions(events, DATA, Turnstile())
    assert [each.index for each in refused.value.violations] == [last]
