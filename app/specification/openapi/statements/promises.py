"""The promises of the contract as data: the member `x-promises` of the OpenAPI document.

Its description says the same in words. Programs read the data: the gate lets no version weaken a promise, `orders-events check`
measures by them, and the documentation shows them. A server whose settings promise something else says so in the document that it
serves. Limits are data at the places that they are about, such as `x-max-body-bytes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.specification.pointer import contract_error, dotted
from app.specification.schema.schema import compile_schema
from app.specification.strict_json import JsonValue

PROMISES: Final = "x-promises"

STRENGTHS: Final[Mapping[str, tuple[str, str]]] = {
    "order": ("none", "total"),
    "delivery": ("bestEffort", "everyEventOrGap"),
    "durability": ("memory", "disk"),
    "idempotence": ("none", "whileStored"),
}
"""The promises that are words, each with its possible words, from the weakest to the strongest."""

_WORDS: Final[dict[str, JsonValue]] = {name: {"enum": [*words]} for name, words in STRENGTHS.items()}
_MILLISECONDS: Final[dict[str, JsonValue]] = {"type": "integer", "minimum": 0, "maximum": 3_600_000}
_SCHEMA: Final = compile_schema(
    {
        "type": "object",
        "required": [*STRENGTHS, "heartbeatSeconds", "retryMilliseconds"],
        "properties": {
            **_WORDS,
            "heartbeatSeconds": {"type": "number", "minimum": 0, "maximum": 3600},
            "retryMilliseconds": {
                "type": "object",
                "required": ["minimum", "maximum"],
                "properties": {"minimum": _MILLISECONDS, "maximum": _MILLISECONDS},
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
    },
    "The promises of a contract",
)


def check_promises(document: Mapping[str, Any]) -> None:
    """Check the promises of a document, which need not have any. Raises InvalidContract if they are not well formed."""
    if PROMISES not in document:
        return
    for violation in _SCHEMA.violations(document[PROMISES], 1)[0]:
        place = dotted((PROMISES, *violation.pointer.split("/")[1:]))
        raise contract_error((place,), violation.message)
