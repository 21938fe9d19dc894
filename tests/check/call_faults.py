"""The faults of gRPC that the checks must find. Each breaks one promise, and names the check that must find it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from app.check.target.target import Options
from tests.check.broken_calls import CallFault


class PlantedCall(NamedTuple):
    """A fault to plant, and the check that must find it."""

    fault: CallFault
    found_by: str
    options: Options = Options(quick=True)


def sending(change: Callable[[Any], Sequence[Any]], when: Callable[[Any, Any], bool]) -> CallFault:
    """Send other responses in place of some. `when`: gets the request and the response."""
    return CallFault(sends=lambda asked, sent, _: change(sent) if when(asked, sent) else [sent])


def closing(reason: str, other: str) -> CallFault:
    return sending(
        lambda _: [{"closing": {"reason": other}}], lambda _, sent: sent.get("closing", {}).get("reason") == reason
    )


def changed_events(change: Callable[[Any], Any], when: Callable[[Any], bool]) -> CallFault:
    """Change the events of each page to requests that meet a condition."""
    return sending(
        lambda sent: [{"events": {**sent["events"], "events": change(sent["events"]["events"])}}],
        lambda asked, sent: "events" in sent and isinstance(sent["events"], dict) and when(asked),
    )


def without(message: Any, *names: str) -> Any:
    return {name: value for name, value in message.items() if name not in names}


def with_other_times(events: Any) -> Any:
    """Change one property of each event's data."""
    return [
        {**each, **{name: {**each[name], "when": "2024-05-01T10:00:01Z"} for name in each if name.endswith("V1")}}
        for each in events
    ]


def asks_for_all(asked: Any) -> bool:
    return set(asked) == {"from", "follow"}


def resumes(asked: Any) -> bool:
    return set(asked) == {"lastEventId"}


def follows_one_order(asked: Any) -> bool:
    return set(asked) == {"orderId"} and len(asked["orderId"]) == 1


def ignoring(name: str) -> CallFault:
    """Ignore a filter of stored events, unless no event matches it."""

    def asks(asked: Any) -> Any:
        return asked if asked.get(name, ["nobody"])[0].startswith("nobody") else without(asked, name)

    return CallFault(asks=lambda asked: asks(asked) if asked.get("from") == "earliest" else asked)


def ignoring_types_of_new_events(asked: Any) -> Any:
    return without(asked, "eventTypes") if set(asked) == {"eventTypes", "orderId"} else asked


def ignoring_since(asked: Any) -> Any:
    is_valid = "since" in asked and asked["since"] != "yesterday"
    return {**without(asked, "since"), "from": "earliest"} if is_valid else asked


def with_members(**members: Any) -> Callable[[Any], Any]:
    return lambda events: [{**each, **members} for each in events]


def reads_one_order(asked: Any) -> bool:
    return set(asked) == {"from", "orderId", "follow"} and "check" in asked["orderId"][0]


def without_bad_events(asked: Any) -> Any:
    return (
        {**asked, "events": [each for each in asked["events"] if " " not in each["eventId"]]}
        if "events" in asked
        else asked
    )


def as_invalid(code: grpc.StatusCode) -> grpc.StatusCode:
    return grpc.StatusCode.INVALID_ARGUMENT if code is grpc.StatusCode.ALREADY_EXISTS else code


def numbered_one(_: Any, sent: Any, before: int) -> Sequence[Any]:
    return [{**sent, "request": before + 1}] if "request" in sent else [sent]


def silent(asked: Any, sent: Any, before: int) -> Sequence[Any]:
    """Send only the first response to calls that no event matches."""
    return [] if before and follows_one_order(asked) and asked["orderId"][0].startswith("nobody") else [sent]


def from_the_earliest(asked: Any) -> Any:
    if not asked.get("lastEventId", "").startswith("no-such"):
        return asked
    return {**without(asked, "lastEventId"), "from": "earliest"}


def without_limit(asked: Any) -> Any:
    return without(asked, "limit") if set(asked) == {"from", "limit"} and asked["limit"] != "0" else asked


def with_less(asked: Any) -> Any:
    return {**asked, "limit": "2"} if set(asked) == {"from", "limit"} and asked["limit"] == "3" else asked


def follows_after_unknown_id(asked: Any) -> bool:
    return asked.get("follow") is True and asked.get("lastEventId", "").startswith("no-such")


def without_later_checkpoint(asked: Any, sent: Any, before: int) -> Sequence[Any]:
    return [] if before and "checkpoint" in sent and set(asked) == {"from", "follow", "orderId"} else [sent]


def one_more_field(file: FileDescriptorProto) -> None:
    (heartbeat,) = (each for each in file.message_type if each.name == "Heartbeat")
    heartbeat.field.add(name="extra", json_name="extra", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL")


PLANTED_IN_CALLS: Final[Mapping[str, PlantedCall]] = {
    "the .proto lacks a field": PlantedCall(CallFault(describes=one_more_field), "grpc-description"),
    "a service that answers is not healthy": PlantedCall(CallFault(health="NOT_SERVING"), "grpc-health"),
    "a refusal has no details": PlantedCall(CallFault(has_details=False), "grpc-refusals"),
    "a field that breaks the contract is ignored": PlantedCall(
        CallFault(asks=lambda asked: without(asked, "since") if asked.get("since") == "yesterday" else asked),
        "grpc-refusals",
    ),
    "a call begins with a heartbeat": PlantedCall(
        sending(lambda sent: [{"heartbeat": {}}, sent], lambda asked, sent: asked == {} and "checkpoint" in sent),
        "grpc-opening",
    ),
    "a checkpoint has no id": PlantedCall(
        sending(lambda _: [{"checkpoint": {}}], lambda asked, sent: asked == {} and "checkpoint" in sent),
        "grpc-opening",
    ),
    "a quiet call has no heartbeats": PlantedCall(
        CallFault(sends=silent), "grpc-heartbeat", Options(heartbeat_seconds=0.3)
    ),
    "a finite call ends with the limit": PlantedCall(closing("end", "limit"), "grpc-end"),
    "a limit is the end": PlantedCall(closing("limit", "end"), "grpc-limit"),
    "a limit is ignored": PlantedCall(CallFault(asks=without_limit), "grpc-limit"),
    "a call lacks an event": PlantedCall(
        changed_events(lambda events: [events[0], *events[2:]], asks_for_all), "grpc-events"
    ),
    "a call changes an event": PlantedCall(changed_events(with_other_times, asks_for_all), "grpc-events"),
    "a resumed call repeats an event": PlantedCall(
        changed_events(lambda events: [events[0], *events], resumes), "grpc-resume"
    ),
    "the id after some events is that of the beginning": PlantedCall(
        sending(
            lambda sent: [{"events": {**sent["events"], "lastEventId": sent["events"]["lastEventId"].split("-")[0] + "-0"}}],
            lambda asked, sent: "events" in sent and set(asked) == {"from", "follow", "limit"},
        ),
        "grpc-resume",
    ),
    "an id that is unknown is not reported": PlantedCall(CallFault(asks=from_the_earliest), "grpc-gap"),
    "a gap has two positions": PlantedCall(
        sending(lambda sent: [{"gap": {**sent["gap"], "lastEventId": "a-1"}}], lambda _, sent: "gap" in sent),
        "grpc-gap",
    ),
    "an id that is ahead is foreign": PlantedCall(
        sending(
            lambda sent: [{"gap": {**sent["gap"], "reason": "foreign"}}],
            lambda _, sent: sent.get("gap", {}).get("reason") == "ahead",
        ),
        "grpc-near-ids",
    ),
    "a limit ends one event early": PlantedCall(CallFault(asks=with_less), "grpc-limit"),
    "no event follows a gap on an open call": PlantedCall(
        sending(lambda _: [], lambda asked, sent: "events" in sent and follows_after_unknown_id(asked)),
        "grpc-gap",
        Options(quick=True, timeout_seconds=3),
    ),
    "a finite call ends without a checkpoint": PlantedCall(CallFault(sends=without_later_checkpoint), "grpc-skipped"),
    "a call ignores event types": PlantedCall(ignoring("eventTypes"), "grpc-filters"),
    "a call ignores orders": PlantedCall(ignoring("orderId"), "grpc-filters"),
    "a call ignores the event types of new events": PlantedCall(
        CallFault(asks=ignoring_types_of_new_events), "grpc-filters-open"
    ),
    "a call ignores the time to start at": PlantedCall(CallFault(asks=ignoring_since), "grpc-since"),
    "a call changes the versions of events": PlantedCall(
        changed_events(with_members(schemaVersion="1.9.0"), asks_for_all), "grpc-members"
    ),
    "a call changes the times of events": PlantedCall(
        changed_events(with_members(storedAt="2024-05-01T10:00:00.000Z"), asks_for_all), "grpc-members"
    ),
    "the name that a producer gave an event is lost": PlantedCall(
        changed_events(with_members(eventId=""), reads_one_order), "grpc-event-id"
    ),
    "the good events of a bad call are stored": PlantedCall(
        CallFault(asks=without_bad_events), "grpc-publish-refusals"
    ),
    "a conflict is called a bad argument": PlantedCall(CallFault(code=as_invalid), "grpc-publish-refusals"),
    "the requests of a stream are numbered anew": PlantedCall(CallFault(sends=numbered_one), "grpc-publish-stream"),
    "a published event is sent twice": PlantedCall(
        changed_events(lambda events: [events[0], *events], follows_one_order), "grpc-publish"
    ),
    "a published event is called a duplicate": PlantedCall(
        sending(
            lambda sent: [{"events": [{**each, "duplicate": True} for each in sent["events"]]}],
            lambda _, sent: isinstance(sent.get("events"), list) and "request" not in sent,
        ),
        "grpc-publish",
    ),
}  # fmt: skip
