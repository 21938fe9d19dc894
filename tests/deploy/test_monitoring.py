"""The alerts fire when they should, and alerts and dashboard show metrics that the server has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import service
from app.access.tokens.token_authentication import TokenAuthentication
from app.configured import create_store
from app.settings import Settings
from app.settings.store_types import StoreUrl
from tests.server.connections import exchange
from tests.support.programs import unavailable

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"
OPERATE = ROOT / "app" / "pages" / "texts" / "operate.md"


class SharedCounts:
    """What is counted of a log that several servers share."""

    epoch = "k7f3q2xw"
    lag_events = resets = rebuilds = unknown_events = 0

    def lag_seconds(self) -> float:
        return 0.0


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("promtool")
    if program is None:
        unavailable("promtool is not installed (Debian's package prometheus has it).")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)


def alerts() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(ALERTS.read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def shown() -> list[str]:
    """The queries of the dashboard."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


async def exposition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a new server exposes: with a log in a file, with keys from a URL, and with a log that is shared."""
    monkeypatch.setattr(TokenAuthentication, "keys_age_seconds", lambda _: 0.0)
    monkeypatch.setattr(service, "create_store", lambda *given: (create_store(*given)[0], SharedCounts()))
    settings = Settings(store=StoreUrl("sqlite", str(tmp_path / "orders.db")), dev_token=True)
    async with service.open_service(settings) as opened:
        request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        [(status, body)] = await exchange(opened.observation, request)
    assert status == 200
    return body.decode()


async def exposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of all series that a server may have."""
    names: set[str] = set()
    text = await exposition(tmp_path, monkeypatch)
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        names |= {name + suffix for suffix in suffixes}
    return names


def named(queries: list[str]) -> set[str]:
    return {name for query in queries for name in re.findall(r"\b(?:orders_events|process)_\w+", query)}


async def test_alerts_and_dashboard_name_metrics_that_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = await exposed(tmp_path, monkeypatch)
    assert named([each["expr"] for each in alerts()]) <= metrics
    assert named(shown()) <= metrics


async def test_what_is_counted_is_there_before_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus sees no increase in a series whose first number is 1, so no alert would fire."""
    text = await exposition(tmp_path, monkeypatch)
    for name in re.findall(r"^# TYPE (orders_events_\S+) counter$", text, re.MULTILINE):
        assert re.search(rf"^{name}(\{{.*\}})? ", text, re.MULTILINE), name
    queries = " ".join(each["expr"] for each in alerts())
    for series in re.findall(r'\b\w+_total\{\w+="[^"]+"\}', queries):
        assert f"{series} 0.0\n" in text


async def test_the_dashboard_shows_nearly_all_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = {
        re.sub("_(bucket|sum|count)$", "", name)
        for name in await exposed(tmp_path, monkeypatch)
        if name.startswith("orders_")
    }
    seen = {re.sub("_(bucket|sum|count)$", "", name) for name in named(shown())}
    assert bare - seen <= {
        "orders_events_build_info",
        "orders_events_log_head_offset",
        "orders_events_log_floor_offset",
    }


def test_the_queries_of_the_dashboard_can_be_parsed(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m").replace("$job", "orders-events")}
        for number, query in enumerate(shown())
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = promtool("check", "rules", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("kind", ["check", "test"])
def test_promtool_accepts_the_alerts(tmp_path: Path, kind: str) -> None:
    for file in (ALERTS, Path(__file__).parent / "alerts_test.yml"):
        shutil.copy(file, tmp_path)
    file = tmp_path / ("alerts.yml" if kind == "check" else "alerts_test.yml")
    ran = promtool(kind, "rules", file)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_each_alert_is_tried_and_explained() -> None:
    names = {each["alert"] for each in alerts()}
    tried = (Path(__file__).parent / "alerts_test.yml").read_text()
    fires = set(re.findall(r"alertname: (\w+)\n +exp_alerts", tried))
    assert fires == names
    assert "alerts.yml" in OPERATE.read_text()
    assert all(each["annotations"]["summary"].endswith(".") for each in alerts())
