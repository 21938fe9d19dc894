"""The suite's probes by one tenant of a shared log, at full size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.tenant_probes import compare


@pytest.mark.parametrize("store", ["memory:", "sqlite:{folder}/log.db"])
def test_10000_probes_are_answered_with_the_same_bytes_whether_or_not_another_tenant_exists(
    tmp_path: Path, report: Callable[[str], None], store: str
) -> None:
    found = compare(tmp_path, 10_000, seed=402, store=store)
    report(
        f"{found.kinds.total()} probes, {found.events_of_others} events of others; {len(found.differing)} answers differ"
    )
    report(", ".join(f"{number} {kind}" for kind, number in sorted(found.kinds.items())))
    assert found.differing == []
    assert {"POST json 201 with a duplicate", "POST json 409", "POST json 403"} <= found.kinds.keys()
    for transport in ("websocket", "grpc"):
        assert {f"GET {transport} 200 foreign", f"POST {transport} 201 with a duplicate"} <= found.kinds.keys()
