"""The publications of one WebSocket connection: its events are stored in the order in which they were sent."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from app.events.filter import Filter
from app.transports.websocket.messages import server_messages

if TYPE_CHECKING:
    from app.transports.websocket.session import Session
    from app.transports.websocket.sockets import Sockets


class Publications:
    """The `publish` messages of one connection that are not answered yet. They are stored one after the other.

    While one waits for another, nothing more is received from the client, so that few of them are in memory.
    """

    def __init__(self, session: Session, sockets: Sockets) -> None:
        self._session = session
        self._sockets = sockets
        self._waiting: deque[tuple[dict[str, Any], Filter]] = deque()

    @property
    def are_full(self) -> bool:
        """Whether one waits for another."""
        return len(self._waiting) > 1

    def add(self, message: dict[str, Any], permitted: Filter) -> None:
        """Publish the events of a message after those of all messages before it. `permitted`: see `Publisher.publish`."""
        self._waiting.append((message, permitted))
        if len(self._waiting) == 1:
            self._sockets.run(self._session, self._publish_all())
        else:
            self._session.connection.pause_reading()

    async def _publish_all(self) -> None:
        while self._waiting:
            await self._publish(*self._waiting[0])
            self._waiting.popleft()
            if len(self._waiting) == 1:
                self._session.connection.resume_reading()
        self._session.publications = None
        self._session.close_if_drained()

    async def _publish(self, message: dict[str, Any], permitted: Filter) -> None:
        request = message["request"]
        try:
            appended = await self._sockets.publisher.publish(message["events"], permitted)
        except Exception as error:  # noqa: BLE001  # any error: it is logged if it is not expected, and the client gets a problem
            self._session.refuse(error, {"request": request})
        else:
            ids = self._sockets.log.ids.of_published(appended, permitted)
            self._session.send(server_messages.published(request, appended, ids))
