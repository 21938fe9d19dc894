"""The choice of a response's media type by the Accept header, and of its coding by Accept-Encoding: RFC 9110 §12.4.2 and §12.5
(https://www.rfc-editor.org/rfc/rfc9110#section-12.5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.specification.errors import Refusal
from app.transports.http.requests.remembered import Remembered

_WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)
_choices: Remembered[tuple[str, tuple[str, ...]], str] = Remembered()
_codings: Remembered[str, bool] = Remembered()


class NotAcceptable(Refusal):
    """Raised when a client accepts none of the offered media types."""

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__(f"None of the accepted media types is offered; choose {' or '.join(offered)}.")


def choose_media_type(accept: str, offered: tuple[str, ...]) -> str:
    """Return the offered media type with the highest weight in the Accept header; among equal weights, the one that is offered first.

    `accept`: the value of the Accept header; "" if there is no such header. A malformed media range in the value is ignored.

    Raises NotAcceptable if every offered media type has the weight 0.
    """
    chosen = _choices.get((accept, offered))
    if chosen is None:
        chosen = _choose(accept, offered)
        _choices.put((accept, offered), len(accept), chosen)
    return chosen


def prefers_gzip(accept_encoding: str) -> bool:
    """Return whether to compress a response with gzip: if the client accepts it, and does not give `identity` a higher weight.

    `accept_encoding`: the value of the Accept-Encoding header; "" if there is no such header, which means that a client may accept gzip or
    not.

    A client that accepts neither gzip nor `identity` is sent a response without a coding: no other one could be made, and the error that
    RFC 9110 §12.5.3 permits would have the same fault.
    """
    preferred = _codings.get(accept_encoding)
    if preferred is None:
        weights = read_weights(accept_encoding)
        compressed, plain = (weights.get(coding, weights.get("*", 0.0)) for coding in ("gzip", "identity"))
        preferred = compressed > 0 and compressed >= plain
        _codings.put(accept_encoding, len(accept_encoding), preferred)
    return preferred


def _choose(accept: str, offered: tuple[str, ...]) -> str:
    weights = read_weights(accept) if accept.strip() else {"*/*": 1.0}
    weigh = [_weight(weights, media_type) for media_type in offered]
    if max(weigh) == 0:
        raise NotAcceptable(offered)
    return offered[weigh.index(max(weigh))]


def read_weights(preferences: str) -> dict[str, float]:
    """Parse a header value such as "text/html, application/json;q=0.5" into a mapping from names in lower case to weights.

    `preferences`: the value of Accept, or of a header with the same syntax, such as Accept-Encoding. If a name occurs twice, the higher
    weight counts. A name with a malformed weight is ignored.
    """
    weights: dict[str, float] = {}
    for part in preferences.split(","):
        named, *parameters = (piece.strip().lower() for piece in part.split(";"))
        stated = [value[2:] for value in parameters if value.startswith("q=")]
        if all(_WEIGHT.fullmatch(value) for value in stated):
            weight = float(stated[0]) if stated else 1.0
            weights[named] = max(weight, weights.get(named, 0.0))
    return weights


def _weight(weights: dict[str, float], media_type: str) -> float:
    # The most specific media range that matches decides, even if a less specific range has a higher weight.
    for media_range in (media_type, media_type.partition("/")[0] + "/*", "*/*"):
        if media_range in weights:
            return weights[media_range]
    return 0.0
