"""Run the checks of a server, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import ExitStack
from itertools import islice
from threading import Thread
from typing import Final

from app.check.findings import CannotCheck, Deleted, Finding, NotSeen, Outcome, Report, Result, Violated
from app.check.http.session import Session
from app.check.published_contract import DOCUMENT, PublishedContract, read_contract
from app.check.request import without_user
from app.check.row import Check
from app.check.table import CHECKS
from app.check.target.target import Options, Target

ATTEMPTS: Final = 3  # of a check that fails because the server deletes the events that it compares
MOST_FINDINGS: Final = 5  # of one check: more tend to have the same cause
READABLE: Final = "The contract can be read at /openapi.json."


def run(
    url: str, options: Options, names: Collection[str] = (), on_result: Callable[[Result], None] = lambda _: None
) -> Report:
    """Run all checks of a server, or only the checks in `names`, and return their results.

    `on_result`: a function that is called with each result as soon as the check has ended.
    The first result, `contract`, is about whether the contract of the server can be read. If not, no check is run.
    """
    results: list[Result] = []

    def add(result: Result) -> None:
        results.append(result)
        on_result(result)

    with ExitStack() as sessions:
        session, *others = (
            sessions.enter_context(Session(each, options.timeout_seconds, options.certificates, options.authorization))
            for each in (url, *options.nodes)
        )
        contract, result = _contract(session)
        add(result)
        if contract is None:
            return Report(without_user(url), "", options.seed, 0, results)
        nodes = [Target(each, contract, options) for each in others]
        target = Target(session, contract, options, nodes)
        chosen = [check for check in CHECKS if not names or check.name in names]
        begun = {check.name: _in_background(check, target) for check in chosen if check.waits}
        for check in chosen:
            add(begun[check.name].result() if check.waits else _result(check, target))
    return Report(without_user(url), contract.name, options.seed, target.events, results)


def _contract(session: Session) -> tuple[PublishedContract | None, Result]:
    started = time.monotonic()
    try:
        contract = read_contract(session.fetch(DOCUMENT))
    except CannotCheck as error:
        return None, Result("contract", READABLE, Outcome.UNCHECKED, time.monotonic() - started, str(error))
    return contract, Result("contract", READABLE, Outcome.HELD, time.monotonic() - started)


def _in_background(check: Check, target: Target) -> Future[Result]:
    """Begin a check in another thread, which does not keep the program from being interrupted."""
    future: Future[Result] = Future()

    def work() -> None:
        try:
            future.set_result(_result(check, target))
        except BaseException as error:  # noqa: BLE001  # `future.result()` raises it again
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    return future


def _result(check: Check, target: Target) -> Result:
    started = time.monotonic()
    findings: list[Finding] = []
    for _ in range(ATTEMPTS):
        try:
            outcome, reason = _outcome(check, target, findings)
            break
        except Deleted as error:
            outcome, reason = Outcome.NOT_SEEN, str(error)
            target.read_again()
    return Result(check.name, check.promise, outcome, time.monotonic() - started, reason, tuple(findings))


def _outcome(check: Check, target: Target, findings: list[Finding]) -> tuple[Outcome, str]:
    """Run one check of the server, and return the outcome and the reason for the outcome.

    `findings`: a list to which the violations are added. Violations that the check finds before it raises an exception count as
    well.
    Raises Deleted if the server deleted the events to compare before the check found a violation.
    """
    reason = check.skipped(target.options)
    if reason:
        return Outcome.SKIPPED, reason
    outcome = Outcome.HELD
    try:
        findings.extend(islice(check.judge(target), MOST_FINDINGS))
    except Violated as violated:
        findings.append(violated.finding)
    except Deleted:
        if not findings:
            raise
    except NotSeen as error:
        outcome, reason = Outcome.NOT_SEEN, str(error)
    except CannotCheck as error:
        outcome, reason = Outcome.UNCHECKED, str(error)
    return (Outcome.VIOLATED, "") if findings else (outcome, reason)
