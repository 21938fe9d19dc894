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
_SHELL = r"""
    (?P<comment>\#\ .*$) | (?P<string>'[^']*'|"[^"]*") | (?P<command>^[a-z][a-z-]*) | (?P<option>(?<=\ )-[-A-Za-z]+)
"""
_STRING = r"""(?P<string>'[^'\n]*'|"(?:[^"\\\n]|\\.)*"|`[^`]*`) | (?P<literal>\b[0-9][0-9_]*\b)"""
_KEYWORDS: Final = {
    "js": "as async await const else from function if import let new return",
    "java": "boolean catch class continue else final for if import int long new public return static throw throws try var void while",
    "go": "case const continue defer else for func if import package range return switch type var",
    "python": "async await case def else for from if import in is match not or and return while with",
}


def _program(language: str, comment: str = "//") -> str:
    keywords = "|".join(_KEYWORDS[language].split())
    return rf"(?P<comment>(?:{comment}|/\*\*).*$) | {_STRING} | (?P<keyword>\b(?:{keywords})\b)"


_GRAMMARS: Final[Mapping[str, re.Pattern[str]]] = {
    language: re.compile(grammar, re.VERBOSE | re.MULTILINE)
    for language, grammar in {
        "json": _JSON,
        "sse": r"(?P<comment>^:.*$) | (?P<field>^(?:id|event|data|retry):) |" + _JSON,
        "sh": _SHELL,
        "bash": _SHELL,
        "js": _program("js"),
        "html": rf"(?P<comment>(?<!:)//.*$) | (?P<name></?!?[a-z]+|>$) | {_STRING}",
        "java": _program("java"),
        "go": _program("go"),
        "python": _program("python", r"\#"),
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
