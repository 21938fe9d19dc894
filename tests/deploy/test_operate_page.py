"""The steps of the page "Operate" that bring a server to the internet, as it has them, with a name and ports of this machine."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from click.testing import CliRunner

from app.cli.token_command import token
from tests.deploy.fronts import DEPLOY, Front, caddy
from tests.deploy.test_monitoring import promtool
from tests.support.ports import own_port
from tests.transports.http.orders import EVENTS, PAGE

PAGE_TEXT = (DEPLOY.parent / "app" / "pages" / "texts" / "operate.md").read_text()
STEPS = PAGE_TEXT.partition("## On the internet, step by step\n")[2].partition("\n## ")[0]
SECRET = "a secret as openssl prints it, of some 44 characters"  # noqa: S105


def command(beginning: str) -> list[str]:
    """Return the words of the command of the steps that begins like this, without that beginning."""
    [found] = re.findall(rf"^{re.escape(beginning)} ((?:.*\\\n)*.*)", STEPS, re.MULTILINE)
    return shlex.split(found.replace("\\\n", " ").partition(" > ")[0])


@pytest.fixture(scope="module")
def observed() -> int:
    return own_port()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, observed: int) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("operator")
    secret = folder / "secret"
    secret.write_text(f"{SECRET}\n")
    words = command("orders-events serve")
    store = words.index("--store")
    del words[store : store + 2]  # it is in the folder of this test
    changed = {"secret": str(secret), "127.0.0.1:9100": f"127.0.0.1:{observed}"}
    with caddy(folder, *(changed.get(word, word) for word in words)) as running:
        yield running


def test_a_token_of_the_steps_is_accepted_behind_the_proxy_and_none_is_refused(front: Front) -> None:
    words = ["-" if word == "secret" else word for word in command("orders-events token")]
    printed = CliRunner().invoke(token, words, input=SECRET, standalone_mode=False).stdout.strip()
    with front.client() as http:
        statuses = [
            http.get(EVENTS, headers={**PAGE, **headers}).status_code
            for headers in ({}, {"Authorization": f"Bearer {printed}"})
        ]
        assert statuses == [401, 200]
        assert http.get("/metrics").status_code == 401


@pytest.mark.usefixtures("front")
def test_prometheus_takes_the_configuration_of_the_page_and_reads_the_server(observed: int, tmp_path: Path) -> None:
    [text] = re.findall(r"```yaml\n(.*?)```", PAGE_TEXT, re.DOTALL)
    (tmp_path / "prometheus.yml").write_text(text)
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    checked = promtool("check", "config", tmp_path / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "rules found" in checked.stdout
    [target] = yaml.safe_load(text)["scrape_configs"][0]["static_configs"][0]["targets"]
    assert target in command("orders-events serve")
    answer = httpx.get(f"http://127.0.0.1:{observed}/metrics", trust_env=False)
    assert "orders_events_build_info" in answer.text
