"""A subscription is a state machine, and only its own file changes it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path

import pytest

from app.events.delivery import subscription as subscription_module
from app.events.delivery.stream_item import HEARTBEAT, Closing, StreamItem
from app.events.delivery.subscription import Subscription
from app.events.delivery.subscription_state import TRANSITIONS, ImpossibleTransition, State
from app.events.filter import EVERYTHING
from app.events.log.start import Start
from tests.events.logs import event, open_log

APP = Path(subscription_module.__file__).parents[2]
ROUTES: Mapping[State, tuple[State, ...]] = {
    State.NEW: (),
    State.SCHEDULED: (State.SCHEDULED,),
    State.QUEUED: (State.SCHEDULED, State.QUEUED),
    State.READING: (State.SCHEDULED, State.QUEUED, State.READING),
    State.READING_BLOCKED: (State.SCHEDULED, State.QUEUED, State.READING, State.READING_BLOCKED),
    State.LIVE: (State.SCHEDULED, State.LIVE),
    State.BLOCKED: (State.SCHEDULED, State.BLOCKED),
    State.CLOSED: (State.CLOSED,),
}
NEVER_BLOCKED = frozenset({State.NEW, State.CLOSED})  # they have no sink that could be full
READS = frozenset({State.READING, State.READING_BLOCKED})
UNREACHABLE = {  # what fills the sink leads from a read to READING_BLOCKED, from elsewhere to BLOCKED
    *product(NEVER_BLOCKED, (State.BLOCKED, State.READING_BLOCKED)),
    (State.READING, State.BLOCKED),
    *product(set(State) - READS, {State.READING_BLOCKED}),
}
REFUSED = [
    (before, after)
    for before, after in product(State, State)
    if after not in {State.NEW, *TRANSITIONS[before]} and (before, after) not in UNREACHABLE
]


class Valve:
    """A sink that is full after each item, unless it is open."""

    def __init__(self) -> None:
        self.is_open = False
        self.items: list[StreamItem] = []

    def send(self, item: StreamItem) -> bool:
        self.items.append(item)
        return self.is_open


def enter(subscription: Subscription, state: State) -> None:
    """Call the method that leads to a state."""
    methods: Mapping[State, Callable[[], object]] = {
        State.SCHEDULED: lambda: (
            subscription.open(Valve()) if subscription.state is State.NEW else subscription.schedule()
        ),
        State.QUEUED: subscription.queue,
        State.READING: subscription.begin_read,
        State.READING_BLOCKED: lambda: subscription.send(HEARTBEAT, now=1.0),
        State.LIVE: subscription.go_live,
        State.BLOCKED: lambda: (
            subscription.end_read()
            if subscription.state is State.READING_BLOCKED
            else subscription.send(HEARTBEAT, now=1.0)
        ),
        State.CLOSED: subscription.close,
    }
    methods[state]()


async def subscription_in(state: State) -> Subscription:
    subscription = Subscription(await open_log(event("a")), Start(1), EVERYTHING, follow=True, limit=None)
    for each in ROUTES[state]:
        enter(subscription, each)
    assert subscription.state is state
    return subscription


@pytest.mark.parametrize(
    ("before", "after"), [(before, after) for before, after in product(State, State) if after in TRANSITIONS[before]]
)
async def test_each_transition_of_the_table_is_made(before: State, after: State) -> None:
    subscription = await subscription_in(before)
    enter(subscription, after)
    assert subscription.state is after


@pytest.mark.parametrize(("before", "after"), REFUSED)
async def test_every_other_transition_is_refused_and_changes_nothing(before: State, after: State) -> None:
    subscription = await subscription_in(before)
    with pytest.raises(ImpossibleTransition, match=rf"^A subscription cannot go from {before.name} to {after.name}\.$"):
        enter(subscription, after)
    assert subscription.state is before


def test_every_state_is_in_the_table_and_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS) == set(State)
    assert set().union(*TRANSITIONS.values()) == set(State) - {State.NEW}
    assert [state for state in State if not TRANSITIONS[state]] == [State.CLOSED]


async def test_a_live_subscription_that_falls_behind_reads_on_from_the_place_it_is_given() -> None:
    subscription = await subscription_in(State.LIVE)
    subscription.fall_behind(7)
    assert (subscription.state, subscription.after) == (State.SCHEDULED, 7)


async def test_a_closing_closes_even_if_the_sink_returns_false() -> None:
    subscription = await subscription_in(State.SCHEDULED)
    subscription.send(Closing("end"), now=1.0)
    assert subscription.state is State.CLOSED


@pytest.mark.parametrize("state", [state for state in State if state is not State.LIVE])
async def test_only_live_subscriptions_share_a_page(state: State) -> None:
    log = await open_log(event("a"), event("b"))
    page = log.read_in_memory(1, 2, EVERYTHING, 10)
    subscription = await subscription_in(state)
    assert Subscription.share(page, [subscription]) == ([subscription], [])
    assert subscription.state is state


async def test_a_page_is_shared_with_those_that_joined_before_it_and_blocks_a_full_sink() -> None:
    log = await open_log(event("a"))
    valves = [Valve(), Valve(), Valve()]
    subscriptions = [Subscription(log, Start(1), EVERYTHING, follow=True, limit=limit) for limit in (None, None, 5)]
    for subscription, valve in zip(subscriptions, valves, strict=True):
        subscription.open(valve)
        subscription.go_live()
    valves[0].is_open = True
    await log.append([event("b")])
    page = log.read_in_memory(1, 2, EVERYTHING, 10)
    assert Subscription.share(page, subscriptions) == ([subscriptions[2]], [subscriptions[1]])
    assert [valve.items for valve in valves] == [[page], [page], []]
    assert [each.state for each in subscriptions] == [State.LIVE, State.BLOCKED, State.LIVE]
    assert subscriptions[1].after == 2
    earlier = log.read_in_memory(0, 1, EVERYTHING, 10)
    assert Subscription.share(earlier, subscriptions[:1]) == (subscriptions[:1], [])


# No other file assigns


PROPERTIES = [name for name, each in vars(Subscription).items() if isinstance(each, property)]
NAMES = frozenset({*Subscription.__slots__, *(name.lstrip("_") for name in Subscription.__slots__), *PROPERTIES})


def assignments(tree: ast.AST) -> Iterator[str]:
    """Yield each assignment to an attribute of another object that has the name of one of a subscription."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name("self")):
                continue
            case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()) if name in NAMES:
                yield ast.unparse(node)
            case ast.Call(func=ast.Name("setattr" | "delattr"), args=[ast.Name("sys"), *_]):
                continue
            case ast.Call(func=ast.Name("setattr" | "delattr")):
                yield ast.unparse(node)


def test_no_other_file_assigns_to_an_attribute_of_a_subscription() -> None:
    own = Path(subscription_module.__file__)
    files = [file for file in APP.rglob("*.py") if file != own]
    assert len(files) > 100
    found = [f"{file}: {each}" for file in files for each in assignments(ast.parse(file.read_text()))]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "subscription._state = State.LIVE",
        "subscription.state = State.LIVE",
        "self.subscription.filter = EVERYTHING",
        "reader._last_sent_at += 1",
        "subscription._sink, rest = sink, None",
        "del subscription._sink",
        "for subscription._state in states: pass",
        "setattr(subscription, name, True)",
    ],
)
def test_an_assignment_would_be_found(line: str) -> None:
    assert [*assignments(ast.parse(line))]


@pytest.mark.parametrize("name", PROPERTIES)
async def test_public_attributes_are_read_only(name: str) -> None:
    subscription = await subscription_in(State.NEW)
    with pytest.raises(AttributeError):
        setattr(subscription, name, None)
