"""Settings come from one table; what is not allowed stops the start with one line."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from app.setting_values import SourceSpec, StoreUrl
from app.settings import SETTINGS, Settings, documented, read_settings
from app.specification.errors import StartupError

CONTRACT = str(Path(__file__).parent)

# Every setting: texts that are allowed, and what they become.
ALLOWED: list[tuple[str, str, object]] = [
    ("host", "0.0.0.0", "0.0.0.0"),  # noqa: S104  # nothing listens here
    ("host", "::1", "::1"),
    ("host", "orders.example.com", "orders.example.com"),
    ("port", "0", 0),
    ("port", "65535", 65535),
    ("store", "memory:", StoreUrl("memory")),
    ("store", "sqlite:var/orders.db", StoreUrl("sqlite", "var/orders.db")),
    ("store", "sqlite:/with space:and colon.db", StoreUrl("sqlite", "/with space:and colon.db")),
    ("source", "none", SourceSpec("none")),
    ("source", "simulator", SourceSpec("simulator", rate_per_second=3.0)),
    ("source", "simulator:0.5", SourceSpec("simulator", rate_per_second=0.5)),
    ("source", "simulator:10000", SourceSpec("simulator", rate_per_second=10_000.0)),
    ("source", "replay:orders:2018.ndjson", SourceSpec("replay", file="orders:2018.ndjson")),
    ("replay_speed", "3600", 3600.0),
    ("replay_speed", "0.25", 0.25),
    ("replay_speed", "1e9", 1e9),
    ("seed", "", None),
    ("seed", "0", 0),
    ("seed", "9223372036854775807", 2**63 - 1),
    ("retain_events", "", None),
    ("retain_events", "1", 1),
    ("retain_seconds", "", None),
    ("retain_seconds", "86400", 86_400.0),
    ("heartbeat_seconds", "0.2", 0.2),
    ("heartbeat_seconds", "30", 30.0),
    ("retry_ms", "2000-5000", (2000, 5000)),
    ("retry_ms", "100", (100, 100)),
    ("retry_ms", "100-100", (100, 100)),
    ("cors_origins", "", ()),
    (
        "cors_origins",
        "https://shop.example.com http://localhost:3000",
        ("https://shop.example.com", "http://localhost:3000"),
    ),
    ("cors_origins", "http://[::1]:8080", ("http://[::1]:8080",)),
    ("contract", "", None),
    ("contract", CONTRACT, Path(CONTRACT)),
]

REFUSED = [
    ("host", ""),
    ("host", "two words"),
    ("host", "http://127.0.0.1"),
    ("port", ""),
    ("port", "-1"),
    ("port", "65536"),
    ("port", "8000.0"),
    ("port", "8_000"),
    ("port", " 8000"),
    ("port", "8000\n"),
    ("port", "８０００"),  # noqa: RUF001  # full-width digits, which int() reads
    ("store", ""),
    ("store", "memory"),
    ("store", "memory:x"),
    ("store", "sqlite:"),
    ("store", "sqlite::memory:"),
    ("store", "sqlite:file:orders.db?mode=memory"),
    ("store", "postgres://localhost/orders"),
    ("source", ""),
    ("source", "none:"),
    ("source", "simulator:"),
    ("source", "simulator:0"),
    ("source", "simulator:-1"),
    ("source", "simulator:fast"),
    ("source", "simulator:nan"),
    ("source", "simulator:10001"),
    ("source", "replay"),
    ("source", "replay:"),
    ("source", "kafka:orders"),
    ("replay_speed", ""),
    ("replay_speed", "0"),
    ("replay_speed", "0.0"),
    ("replay_speed", "-2"),
    ("replay_speed", "inf"),
    ("replay_speed", "1e99"),
    ("seed", "-1"),
    ("seed", "abc"),
    ("seed", "9223372036854775808"),
    ("retain_events", "0"),
    ("retain_events", "1.5"),
    ("retain_seconds", "0"),
    ("retain_seconds", "1 day"),
    ("heartbeat_seconds", "0"),
    ("heartbeat_seconds", "31"),
    ("retry_ms", ""),
    ("retry_ms", "0"),
    ("retry_ms", "5000-2000"),
    ("retry_ms", "2000-"),
    ("retry_ms", "-5000"),
    ("retry_ms", "600001"),
    ("cors_origins", "*"),
    ("cors_origins", "https://*.example.com"),
    ("cors_origins", "https://shop.example.com/"),
    ("cors_origins", "https://shop.example.com/path"),
    ("cors_origins", "https://Shop.example.com"),
    ("cors_origins", "https://shop.example.com:443"),
    ("cors_origins", "http://shop.example.com:80"),
    ("cors_origins", "https://a.example.com,https://b.example.com"),
    ("cors_origins", "shop.example.com"),
    ("cors_origins", "null"),
    ("contract", "no/such/folder"),
    ("contract", __file__),
]


@pytest.mark.parametrize(("name", "text", "value"), ALLOWED)
def test_allowed_value_is_read_from_flag_and_variable(name: str, text: str, value: object) -> None:
    assert getattr(read_settings({name: text}, {}), name) == value
    assert getattr(read_settings({}, {SETTINGS[name].variable: text}), name) == value


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_refused_value_stops_the_start_with_one_line(name: str, text: str) -> None:
    row = SETTINGS[name]
    with pytest.raises(StartupError) as flag_refused:
        read_settings({name: text}, {})
    with pytest.raises(StartupError) as variable_refused:
        read_settings({}, {row.variable: text})
    assert str(flag_refused.value) == f"{row.flag} is {text!r}; it must be {row.allowed}."
    assert str(variable_refused.value) == f"{row.variable} is {text!r}; it must be {row.allowed}."


def test_every_setting_is_tried_with_good_and_bad_values() -> None:
    names = set(SETTINGS)
    assert {name for name, _, _ in ALLOWED} == names
    assert {name for name, _ in REFUSED} == names


def test_line_stays_short_and_single_whatever_the_value() -> None:
    with pytest.raises(StartupError) as refused:
        read_settings({"seed": "9\n\x1b[31m" * 10_000}, {})
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 1000


def test_flag_wins_over_variable() -> None:
    settings = read_settings({"port": "1"}, {"ORDERS_EVENTS_PORT": "2", "ORDERS_EVENTS_SEED": "3"})
    assert (settings.port, settings.seed) == (1, 3)


def test_flag_hides_a_variable_that_is_wrong() -> None:
    assert read_settings({"port": "1"}, {"ORDERS_EVENTS_PORT": "none"}).port == 1


def test_without_flags_and_variables_the_defaults_hold() -> None:
    assert read_settings({}, {"PATH": "/bin", "ORDERS": "x"}) == Settings()


def test_defaults_keep_events_on_this_machine_and_open_nothing() -> None:
    settings = Settings()
    assert settings.host == "127.0.0.1"
    assert settings.store == StoreUrl("sqlite", "orders-events.db")
    assert settings.source == SourceSpec("none")
    assert settings.cors_origins == ()
    assert (settings.retain_events, settings.retain_seconds) == (None, None)
    assert (settings.port, settings.heartbeat_seconds, settings.retry_ms) == (8000, 15.0, (2000, 5000))


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("ORDERS_EVENTS_PROT", "did you mean ORDERS_EVENTS_PORT?"),
        ("ORDERS_EVENTS_RETAIN_EVENT", "did you mean ORDERS_EVENTS_RETAIN_EVENTS?"),
        ("ORDERS_EVENTS_port", "did you mean ORDERS_EVENTS_PORT?"),
        ("ORDERS_EVENTS_XYZZY", "the settings are ORDERS_EVENTS_HOST, ORDERS_EVENTS_PORT, "),
        ("ORDERS_EVENTS_", "the settings are ORDERS_EVENTS_HOST, ORDERS_EVENTS_PORT, "),
    ],
)
def test_unknown_variable_stops_the_start(variable: str, hint: str) -> None:
    with pytest.raises(StartupError) as unknown:
        read_settings({}, {variable: ""})
    assert str(unknown.value).startswith(f"{variable} is not a setting; {hint}")


def test_variable_of_publish_and_tail_does_not_stop_a_server() -> None:
    assert read_settings({}, {"ORDERS_EVENTS_URL": "http://127.0.0.1:9000"}) == Settings()


def test_documentation_has_every_setting_once() -> None:
    rows = documented()
    assert [row.name for row in rows] == [row.flag for row in SETTINGS.values()]
    assert len({row.name for row in rows}) == len(rows) == len(fields(Settings))
    assert all(row.help for row in rows)


def test_variables_are_the_flags_in_capitals() -> None:
    assert SETTINGS["retain_events"].variable == "ORDERS_EVENTS_RETAIN_EVENTS"
    assert SETTINGS["cors_origins"].variable == "ORDERS_EVENTS_CORS_ORIGIN"


def test_contract_is_that_of_the_repository_unless_another_is_named(tmp_path: Path) -> None:
    assert (Settings().contract_root / "contracts" / "order.shipped").is_dir()
    assert read_settings({"contract": str(tmp_path)}, {}).contract_root == tmp_path
