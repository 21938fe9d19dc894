"""A copy of the contract that a test may change before it is served."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]


class ContractCopy:
    """A copy of `openapi/` and `contracts/` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.document = folder / "openapi" / "orders-events.yaml"
        self.contracts = folder / "contracts"
        for name in ("openapi", "contracts"):
            shutil.copytree(ROOT / name, folder / name)

    def replace(self, pattern: str, replacement: str, count: int = 1) -> None:
        """Replace what a regular expression matches in the document, exactly `count` times; ^ and $ match at the ends of a line."""
        text, changed = re.subn(pattern, replacement, self.document.read_text(), flags=re.MULTILINE)
        assert changed == count, f"{pattern!r} stands {changed} times in the document."
        self.document.write_text(text)

    def list_version(self, event_type: str, version: str) -> None:
        """Add a version to those that an event to publish may have."""
        before = rf"eventType: {{type: string, enum: \[{re.escape(event_type)}\]}}\n(?:.*\n){{2}} *schemaVersion: .*enum: \[[^]]*"
        self.replace(f"({before})", rf"\1, {version}")

    def move_to_next_minor(self) -> None:
        """Give the document the next minor version, as an addition needs."""
        [(major, minor)] = re.findall(r"^  version: (\d+)\.(\d+)\.\d+$", self.document.read_text(), flags=re.MULTILINE)
        self.replace(r"^  version: .*$", f"  version: {major}.{int(minor) + 1}.0")
