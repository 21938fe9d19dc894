"""The examples in the READMEs, as they stand there, made to speak with a server of a test."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
README: Final = (_ROOT / "README.md").read_text()
PYTHON_CLIENT: Final = (_ROOT / "app" / "client" / "README.md").read_text()
_DOCUMENTED_URL: Final = "http://127.0.0.1:8000"


def python_examples(readme: str) -> list[str]:
    """Return the Python programs of a README."""
    return re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)


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
