from __future__ import annotations

import re
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.specification.schema.ecma_pattern import ecma_pattern
from app.specification.schema.pattern_containment import allows_all

WIDER = [
    ("^[a-z]{1,64}$", "^[a-z]{1,128}$"),
    ("^[a-z]{1,64}$", "^[a-z]{0,64}$"),
    ("^[a-z]{2}$", "^[a-z]{1,3}$"),
    ("^[a-z]{2}$", "^[a-z]{2,}$"),
    ("^[a-z]+$", "^[a-z]*$"),
    ("^[a-z]?$", "^[a-z]{0,2}$"),
    ("^[a-z]$", "^[a-z]+$"),
    ("^[a-z]+$", "^[0-9a-z]+$"),
    (r"^\d$", r"^\w$"),
    ("^a$", "^[ab]$"),
    ("^a$", "^.$"),
    ("^[^ab]$", "^[^a]$"),
    (r"^a\.b$", "^a.b$"),
    ("ab", "a[bc]"),
    # groups and alternatives
    ("^[0-9A-Za-z_-]{0,64}$", ".*"),
    ("^(a|b)$", "^(a|b|c)$"),
    ("^(?:a|b)$", "^[a-c]$"),
    ("^[a-z]+$", "^(?:([a-z]+-)*([a-z]+)?)$"),
    ("^(ab)+$", "^[ab]*$"),
    ("^(a|ab)(c|bcd)$", "^a.*[cd]$"),
    ("^(or|x)_[0-9]{1,9}$", "^[0-9A-Za-z_.:-]{1,128}$"),
    ("^([a-z]{2}){1,3}$", "^[a-z]{2,6}$"),
    ("^[a-z]{1,2000}$", "^[a-z]{1,4096}$"),
    # what is searched may be anywhere
    ("^a$", "a$"),
    ("^a$", "^a"),
    ("^a|b$", "a|b"),
    ("^ab$", "b"),
    ("a^", "a."),  # nothing matches the first one
]

ALIKE = [
    ("^a+?$", "^a+$"),
    ("a|b", "[ab]"),
    ("^(?:^a|b)$", "^[ab]$"),
    ("", "^|x"),
    ("^(a|b)*$", "^[ab]*$"),
    (r"^\d$", "^[0-9]$"),
    ("a{2,}", "aa"),
]


@pytest.mark.parametrize(("narrower", "wider"), WIDER)
def test_wider_pattern_allows_all_of_the_narrower_and_not_the_reverse(narrower: str, wider: str) -> None:
    assert allows_all(wider, of=narrower)
    assert not allows_all(narrower, of=wider)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_patterns_that_match_the_same_allow_all_of_each_other(one: str, other: str) -> None:
    assert allows_all(one, of=other)
    assert allows_all(other, of=one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("^[a-z]+$", "^[0-9]+$"),
        ("^[a-z]{1,3}$", "^[a-z]{2,4}$"),
        ("^a$", "^ab$"),
        ("^(?!a)b{1,2}$", "^(?!a)b{1,3}$"),
        (r"^a\b$", r"^a\b$x"),
        ("^(a|b)*a(a|b){16}$", "^(a|b)*a(a|b){16}$|c"),  # 65,536 states
        ("(^|a)*$", "(^|b)*$"),
        (r"^(a)\1{1}$", r"^(a)\1{2}$"),
    ],
)
def test_patterns_that_cannot_be_compared_are_called_different(one: str, other: str) -> None:
    assert not allows_all(one, of=other)
    assert not allows_all(other, of=one)


LETTERS = "ab1\n"
TEXTS = ["".join(letters) for length in range(5) for letters in product(LETTERS, repeat=length)]
ATOMS = ("a", "b", "[ab]", "[^a]", ".", r"\d", "^", "$", "")
COUNTS = ("*", "+", "?", "{2}", "{1,2}", "{0,2}", "{2,}", "+?")


def random_pattern(random: Random, depth: int) -> str:
    """Make a regular expression with groups, alternatives and counts."""
    if depth == 0 or random.random() < 0.25:
        return random.choice(ATOMS)
    parts = [random_pattern(random, depth - 1) for _ in range(random.randint(1, 3))]
    group = f"({random.choice(('', '?:'))}{'|'.join(parts)})"
    return random.choice((group, "".join(parts), f"(?:{parts[0]}){random.choice(COUNTS)}"))


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(st.integers(0, 2**64))
def test_no_pattern_is_said_to_allow_what_it_refuses(seed: int) -> None:
    random = Random(seed)
    one, other = (random_pattern(random, 3) for _ in range(2))
    for narrower, wider in ((one, other), (one, f"{other}|{one}"), (one.replace("a", "1", 1), one)):
        try:
            found, expected = ecma_pattern(narrower), ecma_pattern(wider)
        except re.error:
            continue
        if allows_all(wider, of=narrower):
            assert [text for text in TEXTS if found.search(text) and not expected.search(text)] == []
