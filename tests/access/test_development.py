"""Access for development: a code is exchanged for the token once, and only for a short time."""

from __future__ import annotations

import pytest

from app.access.development import CODE_SECONDS, DevelopmentAccess
from app.access.errors import Unauthenticated
from app.access.principal import SCOPES

NOW = 1_800_000_000.0


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def test_code_is_exchanged_once_for_a_token_that_allows_everything() -> None:
    access = DevelopmentAccess(Clock())
    token = access.redeem(access.code)
    assert token == access.token
    assert access.redeem(access.code) is None
    principal = access.authentication.authenticate(token)
    assert (principal.scopes, principal.permission.is_restricted) == (SCOPES, False)


@pytest.mark.parametrize(("seconds", "is_in_time"), [(CODE_SECONDS - 1, True), (CODE_SECONDS, False)])
def test_code_is_accepted_for_five_minutes(seconds: float, is_in_time: bool) -> None:
    clock = Clock()
    access = DevelopmentAccess(clock)
    clock.now += seconds
    assert (access.redeem(access.code) is not None) is is_in_time


@pytest.mark.parametrize("code", ["", "x", "é", "x" * 10_000])
def test_another_code_is_refused_and_does_not_use_up_the_right_one(code: str) -> None:
    access = DevelopmentAccess(Clock())
    assert access.redeem(code) is None
    assert access.redeem(access.code) is not None


def test_code_is_no_token_and_each_run_has_keys_of_its_own() -> None:
    one, other = DevelopmentAccess(Clock()), DevelopmentAccess(Clock())
    assert len(one.code) >= 22  # 128 bits in base64
    for text in (one.code, other.token):
        with pytest.raises(Unauthenticated):
            one.authentication.authenticate(text)
