"""A check that publishes waits for a server with a limit, as the page Operate sets one, and gives up if that does not end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from httpx import Headers

from app.check.http.once_admitted import once_admitted
from app.check.request import Request, Response


def answers(*given: tuple[int, str]) -> tuple[Callable[[], Response], list[int]]:
    """Return a server that gives these answers, (status, Retry-After), the last one for ever; and the list of what it has given."""
    statuses: list[int] = []

    def ask() -> Response:
        status, retry_after = given[min(len(statuses), len(given) - 1)]
        statuses.append(status)
        headers = Headers({"Retry-After": retry_after} if retry_after else {})
        return Response(Request("/events/orders", method="POST"), status, headers, b"")

    return ask, statuses


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([(201, "")], [201]),
        ([(429, "0"), (429, "0"), (201, "")], [429, 429, 201]),
        ([(429, "0")], [429] * 6),
        ([(429, "6"), (201, "")], [429]),
        ([(429, ""), (201, "")], [429]),
        ([(429, "soon"), (201, "")], [429]),
        ([(503, "0"), (201, "")], [503]),
    ],
)
def test_a_limit_is_waited_for_as_long_as_it_asks_for_little(given: list[tuple[int, str]], expected: list[int]) -> None:
    ask, statuses = answers(*given)
    assert once_admitted(ask).status == expected[-1]
    assert statuses == expected
