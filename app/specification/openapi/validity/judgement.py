"""The judgement of a document, which is made once: a server that starts again with the same document does not judge it again.

The verdict depends on the document and on the rules alone, so its key is the digest of both: a document that differs in one byte is
judged. The digest of the last valid document is kept where Python keeps compiled modules, on the same conditions
(PYTHONDONTWRITEBYTECODE, PYTHONPYCACHEPREFIX, a folder that can be written): a process that can write there decides what the server
executes anyway.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, Final, Protocol

_RULES: Final = Path(__file__).with_name("openapi_rules.py")
_PACKAGES: Final = ("openapi-spec-validator", "openapi-schema-validator", "jsonschema", "jsonschema-rs")


class Judgement(Protocol):
    """The judgement of one document, in two parts: other checks rely on the first, and say more than the second where both find a fault."""

    def check_structure(self) -> None:
        """Check the document against the official JSON Schema. Raises InvalidContract at the first violation."""

    def check_beyond_structure(self) -> None:
        """Check the rules that a JSON Schema cannot express. Raises InvalidContract if a rule is broken."""


def judgement_of(document: Mapping[str, Any]) -> Judgement:
    """Return the judgement of a document, which does nothing if the document was judged last time and was valid."""
    digest = _digest(document)
    return _PastJudgement() if _kept_digest() == digest else _NewJudgement(document, digest)


class _PastJudgement:
    """The judgement of a document that was judged before (a null object)."""

    def check_structure(self) -> None:
        """Do nothing."""

    def check_beyond_structure(self) -> None:
        """Do nothing."""


class _NewJudgement:
    """The judgement of a document that differs from the last one."""

    def __init__(self, document: Mapping[str, Any], digest: str) -> None:
        from app.specification.openapi.validity import openapi_rules  # noqa: PLC0415  # to import it takes 0.4 s

        self._rules = openapi_rules
        self._document = document
        self._digest = digest

    def check_structure(self) -> None:
        self._rules.check_structure(self._document)

    def check_beyond_structure(self) -> None:
        self._rules.check_beyond_structure(self._document)
        _keep(self._digest)


def _digest(document: Mapping[str, Any]) -> str:
    """Return a text that differs if the document differs, or the rules by which it is judged."""
    judged = hashlib.sha256(_RULES.read_bytes())
    judged.update(repr([version(package) for package in _PACKAGES]).encode())
    judged.update(json.dumps(document).encode())
    return judged.hexdigest()


def _kept_digest() -> str:
    try:
        return _place().read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _keep(digest: str) -> None:
    if sys.dont_write_bytecode:
        return
    place = _place()
    unfinished = place.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(digest, encoding="ascii")
        unfinished.replace(place)


def _place() -> Path:
    return Path(cache_from_source(str(_RULES))).with_suffix(".valid")
