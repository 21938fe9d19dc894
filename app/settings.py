"""The settings of the server, in one table: flags, environment variables, defaults, help and README come from it.

The table is the `Settings` class itself: each field says how its text is read, what is allowed, and what it is for. A flag wins
over its variable. What reaches the rest of the program is right.
"""

# ruff: noqa: RUF009  # `_setting` makes a dataclass field, whose default is made for each instance

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

from app import setting_values as values
from app.setting_values import SourceSpec, StoreUrl
from app.specification.errors import StartupError

VARIABLE_PREFIX: Final = "ORDERS_EVENTS_"
CLIENT_VARIABLES: Final = ("ORDERS_EVENTS_URL",)  # read by publish and tail; it may stand beside the server's own

_APP: Final = Path(__file__).resolve().parent
_SHOWN_CHARACTERS: Final = 100  # of a value that is refused
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Setting(Generic[_T]):
    """One row of the table.

    `default` is written as a user would write it; empty where the setting is off unless it is given. A flag that may be
    `repeated` has its values separated by spaces in its variable.
    """

    flag: str
    parse: Callable[[str], _T]
    default: str
    metavar: str
    allowed: str
    help: str
    repeated: bool = False

    @property
    def variable(self) -> str:
        return VARIABLE_PREFIX + self.flag.removeprefix("--").replace("-", "_").upper()


class SettingRow(NamedTuple):
    """A row of the table as documentation shows it."""

    name: str
    default: str
    help: str


def _setting(row: Setting[_T]) -> _T:
    # A dataclass field, typed as the value that it will hold: mypy checks each parser against its field.
    return field(default_factory=lambda: row.parse(row.default), metadata={"setting": row})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a server is told; `Settings()` is all defaults."""

    host: str = _setting(
        Setting("--host", values.host, "127.0.0.1", "HOST", "a host name or an IP address", "Listen on this address.")
    )
    port: int = _setting(
        Setting(
            "--port",
            values.port,
            "8000",
            "PORT",
            "a whole number from 0 to 65535",
            "Listen on this port; 0 takes a free one.",
        )
    )
    # Durable unless told otherwise: what is acknowledged is promised to be on disk, and a default must not break that.
    store: StoreUrl = _setting(
        Setting(
            "--store",
            values.store,
            "sqlite:orders-events.db",
            "URL",
            "memory: or sqlite:PATH",
            "Keep the log in an SQLite file (sqlite:PATH), or in memory until the server stops (memory:).",
        )
    )
    source: SourceSpec = _setting(
        Setting(
            "--source",
            values.source,
            "none",
            "SOURCE",
            "none, simulator, simulator:RATE (more than 0, at most 10000) or replay:FILE",
            "Publish from within: nothing (none), RATE simulated events a second, else 3 (simulator[:RATE]), or the events of "
            "an NDJSON file in the order of their times (replay:FILE).",
        )
    )
    replay_speed: float = _setting(
        Setting(
            "--replay-speed",
            values.speed,
            "1",
            "FACTOR",
            "a number greater than 0 and at most 1e9",
            "Let this many recorded seconds pass in one second of a replay.",
        )
    )
    seed: int | None = _setting(
        Setting(
            "--seed",
            values.seed,
            "",
            "N",
            "a whole number from 0 to 9223372036854775807",
            "Simulate the same orders at the same simulated times whenever this seed and RATE are given.",
        )
    )
    retain_events: int | None = _setting(
        Setting(
            "--retain-events",
            values.retain_events,
            "",
            "N",
            "a whole number from 1 to 1000000000000000",
            "Keep the newest N events and delete older ones. Not given: no limit in a file, 100000 in memory.",
        )
    )
    retain_seconds: float | None = _setting(
        Setting(
            "--retain-seconds",
            values.retain_seconds,
            "",
            "S",
            "a number greater than 0 and at most 1e9",
            "Delete events that were stored more than S seconds ago. Not given: no limit.",
        )
    )
    heartbeat_seconds: float = _setting(
        Setting(
            "--heartbeat-seconds",
            values.heartbeat_seconds,
            "15",
            "S",
            "a number greater than 0 and at most 30",
            "Let no stream be silent for longer than S seconds.",
        )
    )
    retry_ms: tuple[int, int] = _setting(
        Setting(
            "--retry-ms",
            values.retry_ms,
            "2000-5000",
            "MS[-MS]",
            "a number of milliseconds from 1 to 600000, or a range such as 2000-5000",
            "Tell clients to wait this long before they reconnect; of a range, each stream is told a random time.",
        )
    )
    cors_origins: tuple[str, ...] = _setting(
        Setting(
            "--cors-origin",
            values.origins,
            "",
            "ORIGIN",
            "scheme://host[:port] as browsers send it (lower case, no path, no *, no default port)",
            "Let web pages of this origin read the stream. May be repeated; in the variable, separate origins by spaces.",
            repeated=True,
        )
    )
    contract: Path | None = _setting(
        Setting(
            "--contract",
            values.folder,
            "",
            "DIR",
            "a folder that exists",
            "Serve the contract in this folder (openapi/ and contracts/). Not given: the built-in one.",
        )
    )

    @property
    def contract_root(self) -> Path:
        """The folder that holds `openapi/` and `contracts/`: the one named, else the wheel's, else the repository's."""
        if self.contract is not None:
            return self.contract
        packaged = _APP / "contract"
        return packaged if packaged.is_dir() else _APP.parent


SETTINGS: Final[Mapping[str, Setting[object]]] = {each.name: each.metadata["setting"] for each in fields(Settings)}
"""The table, by the names of the fields."""


def documented() -> list[SettingRow]:
    """Give every setting as documentation shows it; its variable follows from its flag."""
    return [SettingRow(row.flag, row.default, row.help) for row in SETTINGS.values()]


def read_settings(flags: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
    """Read the settings from flags (by field name) and from ORDERS_EVENTS_* variables; a flag wins.

    Raises StartupError for a value that is not allowed and for a variable that is no setting.
    """
    _refuse_unknown(environment)
    return Settings(
        **{each.name: _value(each.metadata["setting"], flags.get(each.name), environment) for each in fields(Settings)}
    )


def _value(row: Setting[_T], flag: str | None, environment: Mapping[str, str]) -> _T:
    name, text = (row.flag, flag) if flag is not None else (row.variable, environment.get(row.variable, row.default))
    try:
        return row.parse(text)
    except ValueError:
        shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
        raise StartupError(f"{name} is {shown!r}; it must be {row.allowed}.") from None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {row.variable.removeprefix(VARIABLE_PREFIX): row.variable for row in SETTINGS.values()}
    for variable in environment:
        name = variable.removeprefix(VARIABLE_PREFIX)
        if name == variable or name in known or variable in CLIENT_VARIABLES:
            continue
        close = get_close_matches(name.upper(), known, n=1)
        hint = f"did you mean {known[close[0]]}?" if close else f"the settings are {', '.join(known.values())}."
        raise StartupError(f"{variable} is not a setting; {hint}")
