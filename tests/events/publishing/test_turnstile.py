from __future__ import annotations

import asyncio
import sys

from app.events.publishing.turnstile import USUAL_SWITCH_SECONDS, Turnstile


async def test_the_first_piece_waits_for_nothing_and_the_next_for_the_next_turn() -> None:
    turnstile = Turnstile()
    turns = count_turns()
    await turnstile.enter()
    assert turns[0] == 0
    await turnstile.enter()
    assert turns[0] > 0


async def test_one_piece_is_let_through_in_each_turn_and_requests_take_turns() -> None:
    turnstile = Turnstile()
    turns = count_turns()
    entered: list[tuple[int, str]] = []

    async def work(name: str) -> None:
        for _ in range(3):
            await turnstile.enter()
            entered.append((turns[0], name))

    await asyncio.gather(*map(work, "abc"))
    assert [name for _, name in entered] == [*"aabcabcbc"]  # the first one had not to wait
    assert len({turn for turn, _ in entered}) == len(entered)


async def test_work_that_is_given_up_holds_up_nobody() -> None:
    turnstile = Turnstile()
    await turnstile.enter()
    waiting = [asyncio.create_task(turnstile.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    for given_up in waiting[:2]:
        given_up.cancel()
    await waiting[2]
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.wait_for(turnstile.enter(), 10)


async def test_during_large_work_other_threads_need_not_wait_long() -> None:
    turnstile = Turnstile()
    during: list[float] = []

    async def work() -> None:
        await turnstile.enter()
        during.append(sys.getswitchinterval())

    await asyncio.gather(*(work() for _ in range(3)))
    assert max(during) < USUAL_SWITCH_SECONDS / 5
    await asyncio.sleep(0)
    assert sys.getswitchinterval() == USUAL_SWITCH_SECONDS


def count_turns() -> list[int]:
    """Count the turns of the event loop from now on, in the only item of the returned list."""
    loop = asyncio.get_running_loop()
    turns = [-1]

    def turn() -> None:
        turns[0] += 1
        loop.call_soon(turn)

    turn()
    return turns
