r"""Compile the regular expressions of JSON Schema, which have the syntax of ECMA-262 (with the flag `u`), to Python's.

Python reads some of that syntax differently: `$` matches before a last line feed too, `.` matches some line separators, `\s` knows
other spaces, and `\B` does not match the empty string. Such parts are rewritten. Syntax that only Python knows is refused, and so is
what cannot be rewritten: references back to a group (ECMA-262 forgets a group at each repetition) and `\p{…}`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_SPACES: Final = r"\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
"""WhiteSpace and LineTerminator of ECMA-262, within a class."""

_NO_SPACES: Final = (
    r"\x00-\x08\x0e-\x1f!-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ufefe"
    r"\uff00-\U0010ffff"
)
_SET_ESCAPES: Final = ("d", "D", "w", "W", "s", "S")

_OUTSIDE: Final[dict[str, str]] = {
    "$": r"\Z",
    ".": r"[^\n\r\u2028\u2029]",
    r"\s": f"[{_SPACES}]",
    r"\S": f"[^{_SPACES}]",
    r"\b": r"\b",
    r"\B": r"(?!\b)",
    "[]": r"(?!)",
    "[^]": r"(?s:.)",
}
_INSIDE: Final[dict[str, str]] = {r"\s": _SPACES, r"\S": _NO_SPACES, r"\b": r"\x08", r"\-": r"\-"}
_EVERYWHERE: Final[dict[str, str]] = {
    **{rf"\{letter}": rf"\{letter}" for letter in "dDwWfnrtv"},
    **{rf"\{sign}": rf"\{sign}" for sign in r"^$\.*+?()[]{}|"},
    r"\/": "/",
    r"\0": r"\x00",
}

_ESCAPE: Final = (
    r"\\(?:u\{[0-9A-Fa-f]{1,6}\}|u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}"
    r"|c[A-Za-z]|0(?![0-9])|[^ux0c])"
)
_COUNT: Final = r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})"
_TOKENS: Final = re.compile(
    rf"(?P<class>\[\^?(?:\\.|[^\\\]])*\])|(?P<name>\(\?<(?=[A-Za-z_]))|(?P<plain>\((?:\?(?:[:=!]|<[=!])|(?!\?))|[)|])"
    rf"|(?P<anchor>[$^](?!{_COUNT})|\\[bB](?!{_COUNT}))|(?P<count>{_COUNT}\??(?!{_COUNT}))|(?P<escape>{_ESCAPE})"
    r"|(?P<character>[^\\^$*+?()\[\]{}|])",
    re.DOTALL,
)
_IN_CLASS: Final = re.compile(rf"(?P<escape>{_ESCAPE})|(?P<character>[^\\\]])", re.DOTALL)
_WITH_MEANING_IN_PYTHON: Final = frozenset("[&~|-")


@lru_cache(maxsize=1024)
def ecma_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a regular expression of ECMA-262 to a Python pattern with the same meaning.

    Raises re.error if the expression is invalid, or if Python cannot express it.
    """
    return re.compile("".join(map(_translated, tokens(pattern))), re.ASCII)


def tokens(pattern: str) -> list[re.Match[str]]:
    """Split a regular expression into its tokens; the kind of each is its `lastgroup`, one of the names in `_TOKENS`.

    Raises re.error if the expression is invalid.
    """
    return _split(pattern, _TOKENS)


def _split(text: str, kinds: re.Pattern[str]) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    end = 0
    while end < len(text):
        token = kinds.match(text, end)
        if token is None:
            raise re.error("this is not a regular expression of ECMA-262", text, end)
        found.append(token)
        end = token.end()
    return found


def _translated(token: re.Match[str]) -> str:
    text = token[0]
    match token.lastgroup:
        case "class":
            return _OUTSIDE.get(text) or _class(text)
        case "name":
            return "(?P<"
        case "escape":
            return _escape(token, _OUTSIDE)
        case _:
            return _OUTSIDE.get(text, text)


def _class(text: str) -> str:
    opening = re.match(r"\[\^?", text)
    start = opening.end() if opening else 0
    left = _split(text[start:-1], _IN_CLASS)
    written: list[str] = []
    while left:
        is_range = len(left) > 2 and left[1][0] == "-"
        ends, left = (left[0::2][:2], left[3:]) if is_range else (left[:1], left[1:])
        if is_range and any(each[0][:1] == "\\" and each[0][1:] in _SET_ESCAPES for each in ends):
            raise re.error("a range of a class must not begin or end with a set", text, start)
        written.append("-".join(map(_in_class, ends)))
    return f"{text[:start]}{''.join(written)}]"


def _in_class(part: re.Match[str]) -> str:
    if part.lastgroup == "escape":
        return _escape(part, _INSIDE)
    return f"\\{part[0]}" if part[0] in _WITH_MEANING_IN_PYTHON else part[0]


def _escape(token: re.Match[str], here: dict[str, str]) -> str:
    text = token[0]
    known = here.get(text) or _EVERYWHERE.get(text)
    if known is not None:
        return known
    match text[1]:
        case "c":
            return f"\\x{ord(text[2]) % 32:02x}"
        case "x":
            return text
        case "u":
            return f"\\U{_code_point(text):08x}"
    raise re.error(f"{text} is not an escape of ECMA-262 that can be checked here", token.string, token.start())


def _code_point(escape: str) -> int:
    units = [int(unit, 16) for unit in re.findall(r"u\{?([0-9A-Fa-f]+)", escape)]
    if len(units) == 1:
        return units[0]
    high, low = units
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
