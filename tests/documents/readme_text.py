"""The examples in the README, as they stand there, made to speak with a server of a test."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

README: Final = (Path(__file__).parents[2] / "README.md").read_text()
_DOCUMENTED_URL: Final = "http://127.0.0.1:8000"


def python_examples() -> list[str]:
    """The programs."""
    return re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[str]:
    """The commands of a program, each in one line."""
    joined = README.replace("\\\n", " ")
    return re.findall(rf"^    (?:\.venv/bin/)?({program} .*)$", joined, re.MULTILINE)


def at(url: str, text: str) -> str:
    """An example that speaks with this server."""
    return text.replace(_DOCUMENTED_URL, url)


def installed(command: str) -> str:
    """A command of this program, as it is installed here."""
    return f"{Path(sys.executable).parent}/{command}"
