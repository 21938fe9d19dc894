"""The suite's probes by one tenant of a shared log, at full size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.servers import start_server
from tests.support.tenant_probes import OTHER, OWN, compare
from tests.support.tokens import token, token_settings
from tests.transports.grpc.foreign import GrpcClient
from tests.transports.websocket.conversations import conversation


@pytest.mark.parametrize("store", ["memory:", "sqlite:{folder}/log.db"])
def test_10000_probes_are_answered_with_the_same_bytes_whether_or_not_another_tenant_exists(
    tmp_path: Path, report: Callable[[str], None], store: str
) -> None:
    found = compare(tmp_path, 10_000, seed=402, store=store)
    report(
        f"{found.kinds.total()} probes, {found.events_of_others} events of others; {len(found.differing)} answers differ"
    )
    report(", ".join(f"{number} {kind}" for kind, number in sorted(found.kinds.items())))
    assert found.differing == []
    assert {"POST json 201 with a duplicate", "POST json 409", "POST json 403"} <= found.kinds.keys()
    for transport in ("websocket", "grpc"):
        assert {f"GET {transport} 200 foreign", f"POST {transport} 201 with a duplicate"} <= found.kinds.keys()


@pytest.mark.parametrize("is_restarted", [False, True], ids=["in memory", "after a restart"])
def test_pages_have_the_same_sizes_among_many_events_of_others(tmp_path: Path, *, is_restarted: bool) -> None:
    assert sizes(tmp_path / "shared", 36_000, is_restarted=is_restarted) == sizes(
        tmp_path / "alone", 0, is_restarted=is_restarted
    )


def sizes(folder: Path, others: int, *, is_restarted: bool) -> list[list[int]]:
    """Publish 600 events of a tenant, and others between them. Returns how many events there are in each page and message of the tenant."""
    folder.mkdir()
    arguments = (f"sqlite:{folder}/log.db", *token_settings(folder), "--grpc-port", "0")
    own = f"Bearer {token(sub=OWN, orders_events={'owners': [OWN]})}"
    with start_server(*arguments) as server:
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token()}"}, trust_env=False) as http:
            for part in range(3):
                publish(http, OWN, part * 200, 200)
                for start in range(0, others // 3, 1000):
                    publish(http, OTHER, part * others // 3 + start, 1000)
        if not is_restarted:
            return [pages(server.url, own), messages(server, own), responses(server.grpc_address, own)]
    with start_server(*arguments) as server:
        return [pages(server.url, own), messages(server, own), responses(server.grpc_address, own)]


def publish(http: httpx.Client, owner: str, start: int, count: int) -> None:
    when = "2024-05-01T10:00:00Z"
    events = [
        {"eventType": "order.shipped", "data": {"orderId": f"or_{number}", "when": when, "merchantId": owner}}
        for number in range(start, start + count)
    ]
    http.post("/events/orders", json=events).raise_for_status()


def pages(url: str, authorization: str) -> list[int]:
    headers = {"Accept": "application/json", "Authorization": authorization}
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as http:
        read = [http.get("/events/orders", params={"from": "earliest", "limit": limit}) for limit in (100, 250, 1000)]
    return [len(each.json()["events"]) for each in read]


def messages(server: Any, authorization: str) -> list[int]:
    with conversation(server, additional_headers={"Authorization": authorization}) as talk:
        read = [talk.ask("subscribe", subscription=1, from_="earliest", follow=False)]
        while read[-1]["type"] != "closing":
            read.append(talk.read())
    return [len(each.get("events", ())) for each in read]


def responses(address: str, authorization: str) -> list[int]:
    earliest: dict[str, Any] = {"from": "earliest"}
    with GrpcClient(address, metadata=[("authorization", authorization)]) as client:
        return [len(each.events.events) for each in client.subscribe(follow=False, **earliest)]
