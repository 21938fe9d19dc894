"""The unit for systemd: it has no fault that systemd knows, and what it sets is a setting."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from app.settings import SETTINGS
from tests.deploy.fronts import DEPLOY, replaced
from tests.support.programs import needed

UNIT = (DEPLOY / "orders-events.service").read_text()
PROGRAM = Path(sys.executable).with_name("orders-events")


def test_systemd_finds_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / "orders-events.service"
    copy.write_text(replaced(UNIT, {"ExecStart=/opt/orders-events/bin/orders-events": f"ExecStart={PROGRAM}"}))
    verify = [needed("systemd-analyze"), "verify", "--man=no", str(copy)]
    said = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")  # the code alone is 0 for an unknown key, too


def test_unit_is_exposed_little(tmp_path: Path) -> None:
    copy = tmp_path / "orders-events.service"
    copy.write_text(UNIT)
    rate = [needed("systemd-analyze"), "security", "--offline=true", "--threshold=15", str(copy)]
    assert subprocess.run(rate, capture_output=True, check=False).returncode == 0  # of 100


def test_variables_of_the_unit_are_settings() -> None:
    variables = re.findall(r"^Environment=(\w+)=", UNIT, re.MULTILINE)
    assert variables
    assert set(variables) <= {setting.variable for setting in SETTINGS.values()}
