"""Look once: what many checks need is asked of the server a single time, and so is what fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

from app.check.findings import CannotCheck, NotSeen, Violated

_T = TypeVar("_T")


class Once(Generic[_T]):
    """Call it for what an observation gave; it is made at the first call, and raises at every call what it raised then."""

    def __init__(self, observe: Callable[[], _T]) -> None:
        self._observe = observe
        self._kept: Callable[[], _T] | None = None

    def __call__(self) -> _T:
        if self._kept is None:
            self._kept = self._look()
        return self._kept()

    def _look(self) -> Callable[[], _T]:
        try:
            found = self._observe()
        except (CannotCheck, NotSeen, Violated) as error:
            return _Raising(error)
        return lambda: found


class _Raising:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self) -> NoReturn:
        raise self._error
