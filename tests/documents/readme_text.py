"""The examples in the READMEs, word by word, except that they use the server of a test."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
README: Final = (_ROOT / "README.md").read_text()
PYTHON_CLIENT: Final = (_ROOT / "app" / "client" / "README.md").read_text()
_DOCUMENTED_URL: Final = "http://127.0.0.1:8000"
_DOCUMENTED_GRPC: Final = "127.0.0.1:50051"


def python_examples(readme: str) -> list[str]:
    """Return the Python programs of a README."""
    return re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)


def commands(program: str) -> list[str]:
    """Return the README's commands that start a program, each in one line."""
    joined = README.replace("\\\n", " ")
    return re.findall(rf"^    (?:\.venv/bin/)?({program} .*)$", joined, re.MULTILINE)


def at(url: str, text: str) -> str:
    """Return an example that uses the server at `url`."""
    return text.replace(_DOCUMENTED_URL, url)


def at_grpc(address: str, text: str) -> str:
    """Return an example that uses the gRPC server at `address`."""
    return text.replace(_DOCUMENTED_GRPC, address)


def installed(command: str) -> str:
    """Return a command with the path at which this environment has it."""
    return f"{Path(sys.executable).parent}/{command}"
