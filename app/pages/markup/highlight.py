"""Syntax highlighting: convert code to escaped HTML with coloured tokens. The text of the code stays the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from markupsafe import Markup, escape

_JSON = r"""
    (?P<name>"(?:[^"\\]|\\.)*"(?=\s*:)) | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<literal>(?<![\w-])(?:true|false|null|-?[0-9][0-9.eE+-]*)\b)
"""
_GRAMMARS: Final[Mapping[str, re.Pattern[str]]] = {
    language: re.compile(grammar, re.VERBOSE | re.MULTILINE)
    for language, grammar in {
        "json": _JSON,
        "sse": r"(?P<comment>^:.*$) | (?P<field>^(?:id|event|data|retry):) |" + _JSON,
        "sh": r"""(?P<comment>\#\ .*$) | (?P<string>'[^']*'|"[^"]*") | (?P<command>^[a-z][a-z-]*) | (?P<option>(?<=\ )-[-A-Za-z]+)""",
        "js": r"""
            (?P<comment>//.*$) | (?P<string>'[^'\n]*'|"[^"\n]*"|`[^`]*`)
          | (?P<keyword>\b(?:const|let|new|await|async|function|return|if|else)\b) | (?P<literal>\b[0-9]+\b)
        """,
    }.items()
}
_WIRE = re.compile(r"(?:(?:id|event|data|retry)?:.*\n|\n)+")


def language_of(code: str, named: str) -> str:
    """Return the language of a block of code: `named` if it is not empty; otherwise `sse` if the code is an event stream.

    Returns an empty string if the language is unknown.
    """
    return named or ("sse" if _WIRE.fullmatch(code) else "")


def highlight(code: str, language: str) -> Markup:
    """Return code as HTML, with each token in a span whose class is the kind of the token.

    Code in an unknown language is only escaped.
    """
    grammar = _GRAMMARS.get(language)
    return escape(code) if grammar is None else Markup().join(_spans(code, grammar))


def _spans(code: str, grammar: re.Pattern[str]) -> Iterator[Markup]:
    end = 0
    for token in grammar.finditer(code):
        yield escape(code[end : token.start()])
        yield Markup('<span class="{}">{}</span>').format(f"t-{token.lastgroup}", token[0])
        end = token.end()
    yield escape(code[end:])
