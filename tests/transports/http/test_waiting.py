"""How long a page may wait for events, and that it counts as a stream meanwhile."""

from __future__ import annotations

import time

import pytest

from app.access.admission import Admission, StreamLimits
from app.access.client import Client
from app.access.principal import ANONYMOUS, SCOPES, Principal
from app.metrics.tally import Tally
from app.transports.http.waiting import admitted_to_wait


@pytest.mark.parametrize(("valid_for", "least", "most"), [(None, 30, 30), (3600, 30, 30), (20, 1, 20), (-1, 0, 0)])
def test_a_page_does_not_wait_longer_than_its_token_is_valid(valid_for: int | None, least: int, most: int) -> None:
    admission = Admission(StreamLimits(), Tally())
    sender = Principal("https://issuer.example", "shop", SCOPES, expires_at=time.time() + (valid_for or 0))
    client = Client(ANONYMOUS if valid_for is None else sender)
    with admitted_to_wait(admission, client, 30) as seconds:
        assert least <= seconds <= most
        assert admission.open_streams == 1
    assert admission.open_streams == 0


def test_a_page_that_does_not_wait_is_not_counted() -> None:
    admission = Admission(StreamLimits(), Tally())
    with admitted_to_wait(admission, Client(), 0) as seconds:
        assert (seconds, admission.open_streams) == (0, 0)
