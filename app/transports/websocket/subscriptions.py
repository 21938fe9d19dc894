"""The subscriptions of one WebSocket connection, by the numbers that the client chose."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from app.access.permitted_events import readable_events
from app.access.principal import Principal
from app.events.delivery.stream_item import Closing
from app.events.delivery.subscribe import SubscriptionRequest, subscribe
from app.events.filter import filter_of
from app.events.log.start import NotAnInstant, read_start
from app.transports.websocket.errors import InvalidMessage, MemberViolation, SubscriptionInUse
from app.transports.websocket.messages import server_messages
from app.transports.websocket.socket_sinks import CompressedSink, SocketSink

if TYPE_CHECKING:
    from app.transports.websocket.session import Session
    from app.transports.websocket.sockets import Sockets


class Subscriptions:
    """The subscriptions of one connection. There are few, most often one, so a tuple is small and fast enough."""

    __slots__ = ("_is_full", "_session", "_sinks", "_sockets")

    def __init__(self, session: Session, sockets: Sockets) -> None:
        self._session = session
        self._sockets = sockets
        self._sinks: tuple[SocketSink, ...] = ()
        self._is_full = False  # whether the connection accepts no more data

    def __len__(self) -> int:
        return len(self._sinks)

    def subscribe(self, message: dict[str, Any]) -> None:
        """Open a subscription as a message of the client asks. Raises SubscriptionInUse, Forbidden, InvalidMessage or VersionRetired."""
        number = message["subscription"]
        if self._find(number) is not None:
            raise SubscriptionInUse(number)
        request = _request(message, self._session.principal, self._sockets)
        kind = SocketSink if self._session.step is None else CompressedSink
        sink = kind(self, self._session, self._sockets.messages(number), number)
        self._sinks = (*self._sinks, sink)
        self._sockets.silent.end(self._session)
        self._sockets.run(self._session, self._open(sink, request))

    def unsubscribe(self, number: int) -> None:
        """End a subscription. If the server has ended it just before, the answer is the same."""
        sink = self._find(number)
        if sink is not None:
            self._remove(sink)
            self._withdraw(sink)
        self._session.send(server_messages.unsubscribed(number))

    def resume(self) -> None:
        """Go on with all subscriptions, because the connection accepts more data.

        Each time another subscription is the first, so that none waits for ever for those before it.
        """
        self._is_full = False
        self._sinks = (*self._sinks[1:], *self._sinks[:1])
        for sink in self._sinks:
            if sink.subscription is not None:
                self._sockets.fan_out.resume(sink.subscription)

    def note_full(self) -> None:
        """Pause all subscriptions, because the connection accepts no more data.

        Otherwise each of them would add a page to what waits for the client, which is some 20 MB for 32 subscriptions. They are
        paused after the present turn of the fan-out, because a sink must not call it.
        """
        if not self._is_full and len(self._sinks) > 1:
            self._is_full = True
            asyncio.get_running_loop().call_soon(self._pause)

    def end(self, closing: Closing) -> None:
        """End all subscriptions; the last item of each is `closing`, which the client is sent unless it reads too slowly."""
        for sink in self._sinks:
            if sink.subscription is None:
                self._refuse(sink, closing)
            else:
                self._sockets.fan_out.end(sink.subscription, closing)

    def leave(self) -> None:
        """End all subscriptions, because the connection has ended."""
        sinks, self._sinks = self._sinks, ()
        for sink in sinks:
            self._withdraw(sink)

    def is_first(self, sink: SocketSink) -> bool:
        """Return whether this is the one subscription that sends the heartbeats of the connection."""
        return self._sinks[0] is sink

    def has_closed(self, sink: SocketSink) -> None:
        """Forget a subscription that the server has ended."""
        self._remove(sink)
        self._session.note_silence()
        self._session.close_if_drained()

    def _pause(self) -> None:
        if self._is_full:  # else the client has read meanwhile
            for sink in self._sinks:
                if sink.subscription is not None:
                    self._sockets.fan_out.pause(sink.subscription)

    async def _open(self, sink: SocketSink, request: SubscriptionRequest) -> None:
        subscription = await subscribe(self._sockets.log, request)
        if sink not in self._sinks:
            return  # the client has unsubscribed or left meanwhile
        if isinstance(subscription, Closing):
            self._refuse(sink, subscription)
        else:
            sink.subscription = subscription
            self._sockets.fan_out.open(subscription, sink)

    def _refuse(self, sink: SocketSink, closing: Closing) -> None:
        sink.send(self._sockets.fan_out.refuse(closing))
        self.has_closed(sink)

    def _find(self, number: int) -> SocketSink | None:
        return next((sink for sink in self._sinks if sink.number == number), None)

    def _remove(self, sink: SocketSink) -> None:
        self._sinks = tuple(each for each in self._sinks if each is not sink)

    def _withdraw(self, sink: SocketSink) -> None:
        if sink.subscription is not None:
            self._sockets.fan_out.leave(sink.subscription)


def _request(message: dict[str, Any], sender: Principal, sockets: Sockets) -> SubscriptionRequest:
    """Return the request for a stream in a message of the client.

    Raises Forbidden if the client may not read the events, VersionRetired if what it reads has ended, and InvalidMessage if its
    `since` is not a time.
    """
    pin = message.get("majorVersion")
    requested = filter_of(message.get("eventTypes"), message.get("orderId"), sockets.contracts.reading(pin))
    filter = readable_events(sender, requested)
    deprecations = sockets.deprecated.of_reader(filter.event_types, pin)
    try:
        start = read_start(message.get("lastEventId"), message.get("since"), message.get("from", "latest"))
    except NotAnInstant as error:
        raise InvalidMessage([MemberViolation("since", str(error))]) from None
    follow, limit = message.get("follow", True), message.get("limit")
    return SubscriptionRequest(start, filter, follow, limit, deprecations=deprecations)
