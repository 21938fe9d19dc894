"""The Containerfile: what it copies exists, what it sets is a setting, and its health check is right about a running server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import SETTINGS
from tests.deploy.fronts import DEPLOY
from tests.support.ports import own_port
from tests.support.server_process import ServerProcess

ROOT = DEPLOY.parent
LINES = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ").splitlines()


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ").strip() for line in LINES if line.startswith(f"{name} ")]


def test_everything_that_is_copied_exists_and_is_not_ignored() -> None:
    copied = [word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]]
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    assert {"app", "openapi", "contracts", "pyproject.toml", "requirements.lock"} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored


def test_server_in_a_container_is_not_root_and_keeps_its_log_on_a_volume() -> None:
    (user,), (volume,) = instructions("USER"), instructions("VOLUME")
    assert int(user) > 0
    (environment,) = instructions("ENV")
    settings = dict(word.split("=", 1) for word in environment.split() if word.startswith("ORDERS_EVENTS_"))
    assert settings.keys() <= {setting.variable for setting in SETTINGS.values()}
    assert settings["ORDERS_EVENTS_STORE"].startswith(f"sqlite:{volume}/")


def test_health_check_is_right_about_a_server(server: ServerProcess) -> None:
    (check,) = instructions("HEALTHCHECK")
    _, *words = json.loads(re.sub(r"^.*?CMD ", "", check))
    for port, code in ((server.port, 0), (own_port(), 1)):
        environment = {**os.environ, "ORDERS_EVENTS_PORT": str(port)}
        assert (
            subprocess.run([sys.executable, *words], env=environment, capture_output=True, check=False).returncode
            == code
        )


def test_image_is_built_and_serves(tmp_path: Path) -> None:
    builder = next(filter(None, map(shutil.which, ("podman", "docker"))), None)
    if builder is None or subprocess.run([builder, "info"], capture_output=True, check=False).returncode:
        pytest.skip("there is no program that can build an image here")
    name = tmp_path / "image"
    build = [builder, "build", "--file", str(DEPLOY / "Containerfile"), "--iidfile", str(name), str(ROOT)]
    subprocess.run(build, check=True)
    run = [builder, "run", "--rm", "--read-only", "--cap-drop", "all", name.read_text().strip(), "serve", "--help"]
    assert "--public-url" in subprocess.run(run, capture_output=True, text=True, check=True).stdout
