"""Every fault of a broken gRPC server is found by its own check, and by no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest

from app.check.checks.grpc.service_checks import proto_fields
from app.check.findings import Outcome, Report
from app.check.run import run
from app.check.table import CHECKS
from app.check.target.target import Options
from app.specification.contracts import load_contracts
from app.specification.derived.protobuf.proto_text import write_proto
from app.specification.document import load_document
from tests.check.broken_calls import BrokenCalls, CallFault, broken_calls
from tests.check.call_faults import PLANTED_IN_CALLS
from tests.check.test_planted_faults import STORED, publish, violated
from tests.client.scripted_calls import ScriptedCalls
from tests.support.ports import own_port
from tests.support.rich_contract import ROOT, rich_proto
from tests.support.server_process import ServerProcess
from tests.support.tokens import token, token_settings

GRPC_CHECKS = [each.name for each in CHECKS if each.name.startswith("grpc-")]


class Broken(NamedTuple):
    """A good server, and the broken proxy in front of its gRPC service with the URL of it."""

    good: ServerProcess
    proxy: BrokenCalls
    grpc_url: str


@pytest.fixture(scope="module")
def broken() -> Iterator[Broken]:
    arguments = ("--store", "memory:", "--source", "none", "--grpc-port", "0", "--heartbeat-seconds", "0.3")
    with ServerProcess(*arguments) as good:
        publish(good.url)
        with broken_calls(good.grpc_address) as (proxy, url):
            yield Broken(good, proxy, url)


def check(broken: Broken, fault: CallFault, options: Options) -> Report:
    broken.proxy.fault = fault
    asked = replace(options, max_events=STORED, publish=True, grpc=broken.grpc_url)
    return run(broken.good.url, asked, GRPC_CHECKS)


def test_without_a_fault_every_promise_of_grpc_is_held(broken: Broken) -> None:
    report = check(broken, CallFault(), Options(heartbeat_seconds=0.3))
    assert {result.name: result for result in report.results if result.outcome is not Outcome.HELD} == {}
    assert [result.name for result in report.results] == ["contract", *GRPC_CHECKS]


@pytest.mark.parametrize("name", PLANTED_IN_CALLS)
def test_a_fault_of_grpc_is_found_by_its_own_check_and_no_other(broken: Broken, name: str) -> None:
    planted = PLANTED_IN_CALLS[name]
    report = check(broken, planted.fault, planted.options)
    assert list(violated(report)) == [planted.found_by], violated(report)
    assert [result.name for result in report.results if result.outcome is Outcome.UNCHECKED] == []


def test_every_check_of_grpc_has_a_fault_that_it_finds() -> None:
    assert {each.found_by for each in PLANTED_IN_CALLS.values()} | {"grpc-token"} == set(GRPC_CHECKS)


def test_call_without_an_acceptable_token_is_found_by_its_own_check(tmp_path: Path) -> None:
    quick = ("--store", "memory:", "--source", "none", "--grpc-port", "0")
    with ServerProcess(*quick, *token_settings(tmp_path)) as good, broken_calls(good.grpc_address) as (proxy, url):
        options = Options(quick=True, publish=True, grpc=url, token=token())
        names = ["publish-once", "grpc-token", "grpc-opening", "grpc-publish-stream"]
        assert violated(run(good.url, options, names)) == {}
        for fault in (CallFault(authorization=signed_by_us), CallFault(code=lambda _: grpc.StatusCode.INTERNAL)):
            proxy.fault = fault
            assert list(violated(run(good.url, options, names))) == ["grpc-token"]


def signed_by_us(sent: str | None) -> str:
    """Accept what nobody signed."""
    return f"Bearer {token()}" if sent is None or sent.endswith(".") else sent


def test_without_a_url_the_checks_of_grpc_are_skipped(broken: Broken) -> None:
    report = run(broken.good.url, Options(), GRPC_CHECKS)
    assert {result.outcome for result in report.results[1:]} == {Outcome.SKIPPED}


def test_server_that_does_not_answer_is_not_violated(broken: Broken) -> None:
    nobody = Options(timeout_seconds=0.5, grpc=f"grpc://127.0.0.1:{own_port()}")
    report = run(broken.good.url, nobody, ["grpc-events", "grpc-health"])
    assert [result.outcome for result in report.results[1:]] == [Outcome.UNCHECKED] * 2


def test_server_that_does_not_describe_its_service_is_violated(broken: Broken) -> None:
    with ScriptedCalls(described=False) as undescribed:
        report = run(broken.good.url, Options(grpc=undescribed.url), ["grpc-end"])
    assert [finding.promised for finding in report.results[1].findings] == [
        "Reflection describes the service orders_events.v1.OrderEvents."
    ]


def test_command_of_a_finding_repeats_the_call(broken: Broken) -> None:
    report = check(broken, PLANTED_IN_CALLS["a limit is the end"].fault, Options(quick=True))
    (finding,) = next(result.findings for result in report.results if result.findings)
    url = f"http{broken.grpc_url.removeprefix('grpc')}/orders_events.v1.OrderEvents/Subscribe"
    command = f"""buf curl --protocol grpc --http2-prior-knowledge -d '{{"from": "earliest", "limit": 3}}' {url}"""
    assert finding.request.command(broken.good.url) == command


@pytest.mark.parametrize("rich", [True, False])
def test_fields_of_a_proto_are_read(*, rich: bool) -> None:
    file = rich_proto() if rich else load_document(ROOT, load_contracts(ROOT / "contracts")).proto
    fields = {
        f"{name}.{each.name} = {each.number}"
        for name, message in file.all_messages().items()
        for each in message.fields
    }
    assert set(proto_fields(write_proto(file))) == fields
