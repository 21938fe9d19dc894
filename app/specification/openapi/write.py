"""Write the OpenAPI document as the server publishes it: as JSON for programs, as YAML for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml


def write_json(document: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()


def write_yaml(document: Mapping[str, Any]) -> bytes:
    """Return a document as YAML that people can read.

    Members keep their order, strings of several lines are written as block scalars, and repeated values are written out without
    YAML aliases.
    """
    return yaml.dump(document, Dumper=_Dumper, encoding="utf-8", allow_unicode=True, sort_keys=False, width=120)


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
