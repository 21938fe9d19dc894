from __future__ import annotations

import pytest

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
]


@pytest.mark.parametrize(("narrower", "wider"), WIDER)
def test_wider_pattern_allows_all_of_the_narrower_and_not_the_reverse(narrower: str, wider: str) -> None:
    assert allows_all(wider, of=narrower)
    assert not allows_all(narrower, of=wider)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("^[a-z]+$", "^[0-9]+$"),
        ("^[a-z]{1,3}$", "^[a-z]{2,4}$"),
        ("^a$", "^ab$"),
        ("^a$", "a$"),
        ("^a", "^a$"),
        ("a^", "a."),
        ("^(a|b)$", "^(a|b|c)$"),
        ("^(?!a)b{1,2}$", "^(?!a)b{1,3}$"),
        (r"^a\b$", r"^a\b$x"),
        ("^a+?$", "^a*?$"),
        (r"^(a)\1{1}$", r"^(a)\1{2}$"),
    ],
)
def test_patterns_that_cannot_be_compared_are_called_different(one: str, other: str) -> None:
    assert not allows_all(one, of=other)
    assert not allows_all(other, of=one)
