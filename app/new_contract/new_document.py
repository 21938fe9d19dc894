"""The OpenAPI document of a new contract: that of the built-in contract, with one event type in the place of its own.

What every server has stays as it is, because clients know it: the paths, the parameters (`orderId` filters by the key of an event), the
scopes, the names of operations and messages, and the components that the server finds by name, such as `OrderEvent`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from app.new_contract.event_names import EventNames

KEPT: Final = "order.shipped"  # the event type whose place the new one takes; what only shows the other one is removed
_KEPT_COMPONENT: Final = "OrderShipped"
_REMOVED: Final = (
    r"    # order\.cancelled\n(?:.+\n)+\n",  # its components
    r" *- order\.cancelled\n",
    r" *- \$ref: '#/components/schemas/OrderCancelled\w+'\n",
    r" *order\.cancelled: '#/components/schemas/OrderCancelled\w+'\n",
    r"( *)orderCancelled:\n(?:\1 +.*\n)+",  # an example beside that of the other type
    r"( *)\w+:\n\1  summary: .*\n\1  value: \[order\.shipped, order\.cancelled\]\n",
    r"&eventTypes=order\.cancelled",
    r"(?<='order\.shipped'), 'order\.cancelled'",
    r", order\.cancelled: [^,}]+",
    r", such as the `reason` of an order that was cancelled,",
    r", reason: Paid twice",
    r',"reason":"Paid twice"',
)


def new_document(built_in: str, names: EventNames) -> str:
    """Return the text of a new OpenAPI document.

    `built_in`: the text of the built-in document. `names`: the words of the new event type.
    """
    text = built_in
    for pattern in _REMOVED:
        text = re.sub(pattern, "", text, flags=re.MULTILINE)
    text = re.sub(r"order\.cancelled", KEPT, text)
    for pattern, replacement in (*_versions(), *_data(names), *_types(names), *_prose(names)):
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


def _versions() -> Iterator[tuple[str, str]]:
    yield r"^(info:\n(?:  .*\n)*?  version: ).*$", r"\g<1>1.0.0"
    yield r"(contracts/order\.shipped/)[0-9.]+", r"\g<1>1.0.0"
    yield r"(schemaVersion: \{type: string, enum: \[1\.0\.0)[^]]*", r"\1"
    yield r"""(schemaVersion"?: ?"?)1\.[0-9]+\.[0-9]+""", r"\g<1>1.0.0"


def _data(names: EventNames) -> Iterator[tuple[str, str]]:
    yield r"(\{ ?|\{\")orderId(\"?: ?[\"']?or_)", rf"\g<1>{names.key}\2"
    yield r"(?<=\.data\)\.)orderId", names.key
    yield r"(?<=required: \[)orderId(?=, when\])", names.key
    yield r"^( +)orderId(?=: \{type: string, pattern)", rf"\1{names.key}"
    yield r"\bor_([0-9]+)-(?:shipped|cancelled)", rf"{names.subject}_\1-{names.happened}"
    yield r"\bor_([0-9]+)", rf"{names.subject}_\1"


def _types(names: EventNames) -> Iterator[tuple[str, str]]:
    yield re.escape(KEPT), names.event_type
    yield _KEPT_COMPONENT, names.component
    yield r"\borderShipped\b", names.member
    yield r"An order has been (?:shipped|cancelled)", names.sentence
    yield r"Only cancellations", f"Only {names.event_type}"


def _prose(names: EventNames) -> Iterator[tuple[str, str]]:
    yield r"Orders Events", names.title
    yield r"\b([Aa])n order event\b", r"\1n event"
    yield r"\bOrder event(?=s?\b)", "Event"
    yield r"\border event(?=s?\b)", "event"
    yield r"\bconst orders = ", "const events = "
    yield r"\borders(?=\.(?:addEventListener|close)\()", "events"
    yield r"\b(these|several|all|its|types,|The) orders\b", rf"\1 {names.plural}"
    yield r"(?<=another type or )order\b", names.words
