"""A tenant of a shared log learns nothing of another one; `tests/torture/` asks more."""

from __future__ import annotations

from pathlib import Path

from tests.support.tenant_probes import compare


def test_the_answers_to_a_tenant_are_the_same_whether_or_not_another_one_exists(tmp_path: Path) -> None:
    found = compare(tmp_path, 150, seed=401)
    assert found.differing == []
    assert found.events_of_others > 50
    assert found.kinds.keys() >= {
        "GET json 200 with events",
        "GET json 410 foreign",
        "GET /events/orders/page 200 with events",
        "GET /events/orders/counts 200 with events",
        "GET event-stream 200 with events",
        "GET event-stream 200 foreign",
        "POST json 201",
        "POST json 403",
        "GET websocket 200 with events",
        "GET grpc 200 with events",
        "POST websocket 201",
        "POST grpc 201",
    }
