"""WebSocket and gRPC pass through each proxy, also across a restart of the server."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.browser.following import PATIENCE_SECONDS
from tests.deploy.fronts import Front
from tests.support.programs import unavailable
from tests.transports.http.orders import EVENTS, cancelled, new_order, publish, shipped


@contextmanager
def subscribed(front: Front, **parameters: Any) -> Iterator[ClientConnection]:
    """Subscribe over WebSocket, with the library `websockets`."""
    url, tls = front.url.replace("https:", "wss:"), ssl.create_default_context(cafile=front.authority)
    protocols = [Subprotocol("orders-events.v1.json")]
    with connect(f"{url}{EVENTS}/socket", ssl=tls, subprotocols=protocols, proxy=None) as client:
        client.send(json.dumps({"type": "subscribe", "subscription": 1, **parameters}))
        yield client


def read(client: ClientConnection, *types: str) -> dict[str, Any]:
    """Read messages until one of each of these types has come, in any order; return them by type."""
    found: dict[str, Any] = {}
    while len(found) < len(types):
        message = json.loads(client.recv(PATIENCE_SECONDS))
        assert message["type"] in {*types, "checkpoint", "heartbeat"}, message
        if message["type"] in types:
            found[message["type"]] = message
    return found


@pytest.mark.parametrize(("kill", "code"), [(False, 1012), (True, None)], ids=["drain", "kill"])
def test_a_websocket_client_subscribes_publishes_and_goes_on_after_a_restart(
    front: Front, http: httpx.Client, kill: bool, code: int | None
) -> None:
    order = new_order()
    with subscribed(front, orderId=[order]) as client:
        read(client, "checkpoint")
        client.send(json.dumps({"type": "publish", "request": 7, "events": [shipped(order)]}))
        messages = read(client, "published", "events")
        assert messages["published"]["request"] == 7
        (event_id,) = (each["id"] for each in messages["published"]["events"])
        assert [each["id"] for each in messages["events"]["events"]] == [event_id]
        front.restart(kill=kill)
        with pytest.raises(ConnectionClosed) as closed:
            read(client, "closing", "never")
        assert (closed.value.rcvd and closed.value.rcvd.code) == code  # without a close frame it is 1006 in a browser
    missed = publish(http, shipped(order), cancelled(order))
    with subscribed(front, orderId=[order], lastEventId=event_id) as client:
        assert [each["id"] for each in read(client, "events")["events"]["events"]] == missed


def test_grpc_passes_through_a_restart(front: Front) -> None:
    if find_spec("grpc") is None:
        unavailable("grpcio is not installed.")
    import grpc  # noqa: PLC0415

    from tests.transports.grpc import foreign  # noqa: PLC0415

    address, authority = urlsplit(front.url).netloc, front.authority.read_bytes()
    with foreign.GrpcClient(address, authority=authority) as client:
        stream = client.subscribe()
        last_id = next(stream).checkpoint.last_event_id
        (published,) = client.publish(foreign.shipped(new_order())).events
        assert next(foreign.events_of(stream)).id == published.id
        front.restart()
        rest: list[str] = []
        with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
            rest.extend(each.closing.reason for each in stream if each.HasField("closing"))
        assert rest == ["drain"]
    with foreign.GrpcClient(address, authority=authority) as client:
        assert next(foreign.events_of(client.subscribe(last_event_id=last_id))).id == published.id
