"""What is released of each event type, for those who make something of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.compatibility.baseline import Baseline, read_baseline
from app.compatibility.schema_files import contracts_of, read_schema_files


def released_types(root: Path) -> dict[str, dict[str, Any]]:
    """Read the newest released schema of each type that producers publish, by type. Raises InvalidContract."""
    baseline = read_baseline(root) or Baseline()
    files = [each for each in read_schema_files(root / "contracts") if baseline.digest(each) is not None]
    contracts = contracts_of(files)
    return {name: contracts.get(name, contracts.versions(name)[-1]).schema for name in contracts.event_types}
