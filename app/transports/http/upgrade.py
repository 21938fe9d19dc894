"""Requests that must switch from HTTP to WebSocket, and the answer to those that do not ask for it (RFC 9110 §15.5.22)."""

from __future__ import annotations

from typing import Final

from app.specification.errors import Refusal

UPGRADE: Final = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}


class UpgradeRequired(Refusal):
    """Raised when a request does not ask for WebSocket on a path that has nothing else, or asks for another version than 13."""

    def __init__(self) -> None:
        super().__init__("This path only answers requests that open a WebSocket connection of version 13.")
