"""What the access token of a check says, without a check of its signature: a client need not know more of its own token."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


def claims_of(token: str) -> Mapping[str, Any]:
    """Return the claims of a JSON Web Token; none if it is no such token."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def restrictions_of(token: str) -> Mapping[str, Any]:
    """Return the event types, orders and owners to which a token is restricted, by the names of its claim; empty if it is not."""
    claim = claims_of(token).get("orders_events")
    return {name: values for name, values in claim.items() if values is not None} if isinstance(claim, dict) else {}
