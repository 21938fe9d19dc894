"""Describe for AsyncAPI how a client authenticates: the security schemes of the OpenAPI document, and what an operation demands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_TYPES: Final = {"http": "http", "apiKey": "httpApiKey"}
"""AsyncAPI's names for the types of OpenAPI's security schemes."""


def security_schemes(bundled: Mapping[str, Any]) -> dict[str, Any]:
    schemes: Mapping[str, Mapping[str, Any]] = bundled["components"].get("securitySchemes", {})
    return {name: {**scheme, "type": _TYPES[scheme["type"]]} for name, scheme in schemes.items()}


def security(operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return the member `security` of an AsyncAPI operation: a list of schemes, one of which a client needs; empty if it needs none."""
    schemes = [scheme for demand in operation["security"] for scheme in demand]
    return {"security": [{"$ref": f"#/components/securitySchemes/{scheme}"} for scheme in schemes]}
