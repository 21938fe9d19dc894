"""The settings that a stream and its servers must have, so that an event that was acknowledged is kept.

Each demand is a row of a table: what it is called, and a function that returns whether a stream meets it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from app.stores.jetstream.errors import NoRecord
from app.stores.jetstream.stream.epochs import first_metadata, read_epochs, read_id_key
from app.stores.jetstream.subjects import subjects_of_epoch

OLDEST_SERVER: Final = (2, 12, 1)
"""Atomic batches came with 2.12.0, which did not check all conditions of a batch; 2.12.1 does (ADR-50)."""

DEFAULT_REPLICAS: Final = 3
LEAST_PAYLOAD: Final = 1 << 20
"""The default of the servers, in bytes: an event has at most as many as its contract admits, which are far fewer."""

Config: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a stream keeps its events: at most a number of the newest, and none that is older. None means without limit."""

    events: int | None = None
    seconds: float | None = None


_DEMANDS: Final[tuple[tuple[str, Callable[[Config], bool]], ...]] = (
    ("its storage must be file, not memory", lambda config: config["storage"] == "file"),
    ("its retention policy must be limits", lambda config: config.get("retention", "limits") == "limits"),
    ("it must discard old messages, not refuse new ones (discard: old)", lambda c: c.get("discard", "old") == "old"),
    ("single messages may be deleted (deny_delete)", lambda config: bool(config.get("deny_delete"))),
    ("its messages may be purged (deny_purge)", lambda config: bool(config.get("deny_purge"))),
    ("it does not take atomic batches (allow_atomic)", lambda config: bool(config.get("allow_atomic"))),
    ("it does not answer direct gets (allow_direct)", lambda config: bool(config.get("allow_direct"))),
    ("its messages must not be rolled up (allow_rollup_hdrs)", lambda config: not config.get("allow_rollup_hdrs")),
    (
        "it must not have a limit for each subject (max_msgs_per_subject)",
        lambda config: config.get("max_msgs_per_subject", -1) <= 0,
    ),
    ("messages must not have an expiry of their own (allow_msg_ttl)", lambda config: not config.get("allow_msg_ttl")),
    ("it must not be a mirror", lambda config: not config.get("mirror")),
    ("it must not have sources", lambda config: not config.get("sources")),
    ("it must not be sealed", lambda config: not config.get("sealed")),
    ("it must acknowledge what it takes (no_ack)", lambda config: not config.get("no_ack")),
    ("it must write before it acknowledges (persist_mode)", lambda c: c.get("persist_mode", "") in {"", "default"}),
    ("its subjects must not be changed (subject_transform)", lambda c: not c.get("subject_transform")),
    (
        f"its messages must have room for {LEAST_PAYLOAD} bytes (max_msg_size)",
        lambda c: not 0 <= c.get("max_msg_size", -1) < LEAST_PAYLOAD,
    ),
)


def new_config(stream: str, replicas: int, retention: Retention) -> dict[str, Any]:
    """Return the configuration of a new stream, with its first epoch and a new id key."""
    metadata = first_metadata()
    return {
        "name": stream,
        "subjects": [subjects_of_epoch(stream, read_epochs(metadata).open.name)],
        "storage": "file",
        "retention": "limits",
        "discard": "old",
        "num_replicas": replicas,
        "max_msgs": retention.events or -1,
        "max_age": round((retention.seconds or 0) * 1e9),
        "deny_delete": True,
        "deny_purge": True,
        "allow_atomic": True,
        "allow_direct": True,
        "metadata": metadata,
    }


def shortfalls(config: Config, *, accept_single: bool) -> list[str]:
    """Return what a stream lacks, each as a part of a sentence; an empty list if events are safe in it.

    `accept_single`: whether fewer than three replicas are accepted.
    """
    missing = [demand for demand, is_met in _DEMANDS if not is_met(config)]
    if config["num_replicas"] < DEFAULT_REPLICAS and not accept_single:
        missing.append(f"it must have {DEFAULT_REPLICAS} replicas, not {config['num_replicas']}")
    return missing + _epoch_shortfalls(config)


def server_shortfalls(version: tuple[int, int, int], max_payload: int) -> list[str]:
    """Return what the server lacks to which this node is connected, each as a part of a sentence."""
    missing = []
    if version < OLDEST_SERVER:
        missing.append(f"its server is {_dotted(version)}, and must be {_dotted(OLDEST_SERVER)} or newer")
    if max_payload < LEAST_PAYLOAD:
        missing.append(f"its server takes {max_payload} bytes a message, and must take {LEAST_PAYLOAD} (max_payload)")
    return missing


def _epoch_shortfalls(config: Config) -> list[str]:
    metadata = config.get("metadata", {})
    try:
        read_epochs(metadata)
        read_id_key(metadata)
    except NoRecord:
        return ["it has no record of its epochs and id key; make the stream with `orders-events log init`"]
    return []


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))
