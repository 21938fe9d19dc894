"""Which streams are admitted, in which order, and that none is counted after its end."""

from __future__ import annotations

import logging
import random
import resource

import pytest

from app.access.admission import OTHER_DESCRIPTORS, Admission, Leave, StreamLimits, streams_by_descriptors
from app.access.client import Client
from app.access.errors import LimitReached, Overloaded, TooManyRequests
from app.access.principal import SCOPES, Principal, pseudonym
from app.diagnostics.formats import fields_of
from app.metrics.tally import Tally


def client(subject: str, address: str) -> Client:
    return Client(Principal("https://issuer.example", subject, SCOPES), address)


ANN, BEN = client("ann", "192.0.2.1"), client("ben", "192.0.2.2")
LOCAL = Client(address="127.0.0.1")


@pytest.mark.parametrize(
    ("limits", "other", "limit", "error"),
    [
        (StreamLimits(total=2), BEN, "total", Overloaded),
        (StreamLimits(per_principal=2), client("ann", "192.0.2.9"), "principal", TooManyRequests),
        (StreamLimits(per_address=2), client("ben", "192.0.2.1"), "address", TooManyRequests),
    ],
)
def test_a_stream_beyond_a_limit_is_refused_until_another_has_ended(
    limits: StreamLimits, other: Client, limit: str, error: type[LimitReached]
) -> None:
    tally = Tally()
    admission = Admission(limits, tally)
    leave = admission.admit(ANN)
    admission.admit(ANN)
    with pytest.raises(error) as refused:
        admission.admit(other)

    assert 15 <= refused.value.retry_after_seconds <= 45
    assert +tally.streams_refused == {limit: 1}
    assert admission.open_streams == 2
    leave()
    admission.admit(other)
    with pytest.raises(error):
        admission.admit(ANN)


@pytest.mark.parametrize("limits", [StreamLimits(), StreamLimits(per_principal=1)])
def test_the_time_that_a_stream_was_open_is_counted_by_its_transport(limits: StreamLimits) -> None:
    tally, now = Tally(), [100.0]
    admission = Admission(limits, tally, lambda: now[0])
    leave = admission.admit(ANN, "http")
    now[0] += 70
    assert not tally.stream_seconds
    leave()
    admission.admit(ANN)()

    assert {name: each.total for name, each in tally.stream_seconds.items()} == {"http": 70}
    assert dict(tally.stream_seconds["http"].cumulative())[300.0] == 1
    assert dict(tally.stream_seconds["http"].cumulative())[60.0] == 0
    assert admission.open_streams == 0


def test_a_refused_stream_is_counted_by_no_limit() -> None:
    """The limit by address is the last to be looked at: if it refuses, the one by principal must not have counted."""
    admission = Admission(StreamLimits(per_principal=2, per_address=1), Tally())
    admission.admit(client("ann", "192.0.2.1"))
    with pytest.raises(TooManyRequests):
        admission.admit(client("ann", "192.0.2.1"))

    admission.admit(client("ann", "192.0.2.2"))
    with pytest.raises(TooManyRequests):
        admission.admit(client("ann", "192.0.2.3"))


def test_clients_without_a_token_on_this_machine_are_limited_in_total_only() -> None:
    admission = Admission(StreamLimits(total=5, per_principal=1, per_address=1), Tally())
    for _ in range(5):
        admission.admit(LOCAL)
    with pytest.raises(Overloaded):
        admission.admit(LOCAL)


def test_clients_of_one_ipv6_network_share_a_limit() -> None:
    admission = Admission(StreamLimits(per_address=1), Tally())
    admission.admit(Client(address="2001:db8::1"))
    admission.admit(Client(address="2001:db8:0:1::1"))
    with pytest.raises(TooManyRequests):
        admission.admit(Client(address="2001:db8::2"))


def test_an_address_may_have_as_many_streams_that_end_at_once_in_ten_seconds_as_open_ones() -> None:
    now = [1_000.0]
    tally = Tally()
    admission = Admission(StreamLimits(total=1, per_principal=1, per_address=3), tally, lambda: now[0])
    assert [admission.admits_ended(ANN) for _ in range(5)] == [True, True, True, False, False]
    assert +tally.streams_refused == {"address": 2}
    assert admission.admits_ended(BEN)
    admission.admit(ANN)  # they take no place from streams that stay open
    now[0] += 10
    assert admission.admits_ended(ANN)


@pytest.mark.parametrize(("limits", "sender"), [(StreamLimits(total=1), ANN), (StreamLimits(per_address=1), LOCAL)])
def test_streams_that_end_at_once_are_not_limited_without_an_address_to_count(
    limits: StreamLimits, sender: Client
) -> None:
    admission = Admission(limits, Tally())
    assert all(admission.admits_ended(sender) for _ in range(100))


def test_nothing_is_left_after_streams_have_come_and_gone_in_any_order() -> None:
    tally = Tally()
    admission = Admission(StreamLimits(total=50, per_principal=8, per_address=8), tally)
    chance, open_streams = random.Random(7), list[Leave]()
    for _ in range(5_000):
        if chance.random() < 0.6:
            try:
                open_streams.append(
                    admission.admit(client(f"s{chance.randrange(9)}", f"192.0.2.{chance.randrange(9)}"))
                )
            except LimitReached:
                continue
        elif open_streams:
            open_streams.pop(chance.randrange(len(open_streams)))()
        assert admission.open_streams == len(open_streams) <= 50

    assert tally.streams_refused.keys() == {"total", "principal", "address"}
    for leave in open_streams:
        leave()
    assert admission.open_streams == 0
    assert not any(limit.streams for limit in admission._of_clients)  # nothing stays in memory


def test_without_a_setting_the_files_of_the_process_are_the_limit() -> None:
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert streams_by_descriptors() == descriptors - OTHER_DESCRIPTORS


def test_a_refused_stream_is_a_line_of_the_log_that_names_its_client(caplog: pytest.LogCaptureFixture) -> None:
    admission = Admission(StreamLimits(per_address=1), Tally())
    admission.admit(ANN)
    with caplog.at_level(logging.INFO), pytest.raises(TooManyRequests):
        admission.admit(ANN)
    [record] = caplog.records
    assert fields_of(record) == {"limit": "address", "client": "192.0.2.1", "principal": pseudonym(ANN.principal)}
