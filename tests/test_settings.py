"""Settings come from one table; a value that is not allowed stops the start with one line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path
from unittest.mock import patch

import click
import pytest

from app.access.publish_rate import PublishRate
from app.cli.serve_command import serve
from app.settings import SETTINGS, NatsUrl, Settings, SourceSpec, StoreUrl, check_variables, documented

PROXIES = ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32")
CONTRACT = str(Path(__file__).parents[1])

# Every setting: texts that are allowed, and what they become.
ALLOWED: list[tuple[str, str, object]] = [
    ("host", "0.0.0.0", "0.0.0.0"),  # noqa: S104  # nothing listens here
    ("host", "::1", "::1"),
    ("host", "orders.example.com", "orders.example.com"),
    ("port", "0", 0),
    ("port", "65535", 65535),
    ("grpc_port", "", None),
    ("grpc_port", "0", 0),
    ("grpc_port", "50051", 50051),
    ("public_url", "", None),
    ("public_url", "https://orders.example.com", "https://orders.example.com"),
    ("public_url", "https://example.com:8443/shop/orders-1.0/", "https://example.com:8443/shop/orders-1.0"),
    ("public_url", "http://[::1]:8000", "http://[::1]:8000"),
    ("host_names", "", ()),
    ("host_names", "orders_events Orders.Example.com", ("orders_events", "orders.example.com")),
    ("trusted_proxies", "", ()),
    ("trusted_proxies", "127.0.0.1 10.0.0.0/8 2001:db8::/32", tuple(map(ip_network, PROXIES))),
    ("trusted_proxies", "::ffff:10.0.0.1 ::ffff:10.1.0.0/112", (ip_network("10.0.0.1"), ip_network("10.1.0.0/16"))),
    ("store", "memory:", StoreUrl("memory")),
    ("store", "sqlite:var/orders.db", StoreUrl("sqlite", "var/orders.db")),
    ("store", "sqlite:/with space:and colon.db", StoreUrl("sqlite", "/with space:and colon.db")),
    ("store", "nats://10.0.0.1:4222/orders", NatsUrl(("nats://10.0.0.1:4222",), "orders", "orders.cache.db")),
    (
        "store",
        "tls://a.example,[::1]:4223/orders?cache=var/a%20b.db&monitor=http://a.example:8222,https://[::1]:8222/",
        NatsUrl(
            ("tls://a.example", "tls://[::1]:4223"),
            "orders",
            "var/a b.db",
            ("http://a.example:8222", "https://[::1]:8222"),
        ),
    ),
    ("nats_creds", "", None),
    ("nats_creds", __file__, Path(__file__)),
    ("nats_ca", "", None),
    ("nats_ca", __file__, Path(__file__)),
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
    ("max_stream_age_seconds", "", None),
    ("max_stream_age_seconds", "3600", 3600.0),
    ("heartbeat_seconds", "0.2", 0.2),
    ("heartbeat_seconds", "30", 30.0),
    ("retry_ms", "2000-5000", (2000, 5000)),
    ("retry_ms", "100", (100, 100)),
    ("retry_ms", "100-100", (100, 100)),
    ("compression", "gzip", "gzip"),
    ("compression", "off", "off"),
    ("max_body_bytes", "", None),
    ("max_body_bytes", "1048576", 1_048_576),
    ("cors_origins", "", ()),
    (
        "cors_origins",
        "https://shop.example.com http://localhost:3000",
        ("https://shop.example.com", "http://localhost:3000"),
    ),
    ("cors_origins", "http://[::1]:8080", ("http://[::1]:8080",)),
    ("jwks", "", None),
    ("jwks", __file__, __file__),
    ("jwks", "https://issuer.example/jwks.json", "https://issuer.example/jwks.json"),
    ("jwks", "http://127.0.0.1:9000/jwks.json", "http://127.0.0.1:9000/jwks.json"),
    ("jwt_secret_file", "", None),
    ("jwt_secret_file", __file__, Path(__file__)),
    ("issuer", "", None),
    ("issuer", "https://issuer.example", "https://issuer.example"),
    ("audience", "", None),
    ("audience", "https://orders.example", "https://orders.example"),
    ("algorithms", "", ()),
    ("algorithms", "RS256 Ed25519", ("RS256", "Ed25519")),
    *((f"max_streams{each}", "", None) for each in ("", "_per_principal", "_per_address")),
    *((f"max_streams{each}", "1", 1) for each in ("", "_per_principal", "_per_address")),
    ("publish_rate", "", None),
    ("publish_rate", "0.5", PublishRate(0.5)),
    ("publish_rate", "1000:5e6", PublishRate(1_000, 5e6)),
    ("log_format", "json", "json"),
    ("log_level", "debug", "debug"),
    ("access_log", "on", "on"),
    ("otlp_endpoint", "", None),
    ("otlp_endpoint", "http://127.0.0.1:4318/", "http://127.0.0.1:4318"),
    ("observe", "", ()),
    ("observe", "127.0.0.1:9100 [::1]:0", (("127.0.0.1", 9100), ("::1", 0))),
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
    ("grpc_port", "65536"),
    ("grpc_port", "grpc"),
    ("public_url", "orders.example.com"),
    ("public_url", "ftp://orders.example.com"),
    ("public_url", "https://"),
    ("public_url", "https://Orders.example.com"),
    ("public_url", "https://orders.example.com:443"),
    ("public_url", "http://orders.example.com:80/orders"),
    ("public_url", "https://orders.example.com:0"),
    ("public_url", "https://user@orders.example.com"),
    ("public_url", "https://orders.example.com/?a=b"),
    ("public_url", "https://orders.example.com/#a"),
    ("public_url", "https://orders.example.com//orders"),
    ("public_url", "https://orders.example.com/../orders"),
    ("public_url", "https://orders.example.com/a'b"),
    ("host_names", "*"),
    ("host_names", "orders.example.com:8000"),
    ("host_names", "https://orders.example.com"),
    ("host_names", "orders.example.com."),
    ("jwks", "/no/such/file"),
    ("jwks", "http://issuer.example/jwks.json"),
    ("jwks", "file:///etc/passwd"),
    ("jwks", "https://"),
    ("jwt_secret_file", "/no/such/file"),
    ("algorithms", "none"),
    ("algorithms", "HS256 none"),
    ("issuer", "two words"),
    ("audience", "two words"),
    *((f"max_streams{each}", "none") for each in ("", "_per_principal", "_per_address")),
    ("publish_rate", "-1"),
    ("publish_rate", "1000:"),
    ("publish_rate", ":1000"),
    ("publish_rate", "1000/s"),
    ("log_format", "yaml"),
    ("log_level", "INFO"),
    ("access_log", "yes"),
    ("otlp_endpoint", "127.0.0.1:4318"),
    ("observe", "9100"),
    ("observe", "127.0.0.1:"),
    ("observe", "127.0.0.1:65536"),
    ("observe", "::1:9100"),
    ("trusted_proxies", "localhost"),
    ("trusted_proxies", "10.0.0.1/8"),
    ("trusted_proxies", "*"),
    ("store", ""),
    ("store", "memory"),
    ("store", "memory:x"),
    ("store", "sqlite:"),
    ("store", "sqlite::memory:"),
    ("store", "sqlite:file:orders.db?mode=memory"),
    ("store", "postgres://localhost/orders"),
    ("store", "nats://127.0.0.1:4222"),
    ("store", "nats://127.0.0.1:4222/"),
    ("store", "nats:127.0.0.1:4222/orders"),
    ("store", "nats://127.0.0.1:4222,/orders"),
    ("store", "nats://127.0.0.1:4222/orders.de"),
    ("store", "nats://127.0.0.1:4222/orders/de"),
    ("store", "nats://node:secret@127.0.0.1:4222/orders"),
    ("store", "nats://127.0.0.1:4222/orders?monitor=http://node:secret@127.0.0.1:8222"),
    ("store", "nats://127.0.0.1:4222/orders?cahce=orders.db"),
    ("store", "nats://127.0.0.1:4222/orders?cache="),
    ("store", "nats://127.0.0.1:4222/orders?cache=:memory:"),
    ("store", "nats://127.0.0.1:4222/orders?monitor="),
    ("store", "nats://127.0.0.1:4222/orders?monitor=127.0.0.1:8222"),
    ("nats_creds", "/no/such/file"),
    ("nats_ca", "/no/such/file"),
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
    ("max_stream_age_seconds", "0"),
    ("max_stream_age_seconds", "1h"),
    ("heartbeat_seconds", "0"),
    ("heartbeat_seconds", "31"),
    ("retry_ms", ""),
    ("retry_ms", "0"),
    ("retry_ms", "5000-2000"),
    ("retry_ms", "2000-"),
    ("retry_ms", "-5000"),
    ("retry_ms", "600001"),
    ("compression", ""),
    ("compression", "GZIP"),
    ("compression", "br"),
    ("max_body_bytes", "16383"),
    ("max_body_bytes", "1 MiB"),
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
    ("contract", str(Path(__file__).parent)),
]

# A number has a form of its own in click's sentence, and a part of a value may be named alone.
SENTENCES = {
    ("store", "nats://node:secret@127.0.0.1:4222/orders"): "no user or password may be in the URL",
    ("store", "nats://127.0.0.1:4222/orders?monitor=http://node:secret@127.0.0.1:8222"): "no user or password may be",
    ("store", "nats://127.0.0.1:4222/orders?cahce=orders.db"): "'cahce' is not cache or monitor",
    ("store", "nats://127.0.0.1:4222/orders?cache="): "'' is not the path of a file",
    ("store", "nats://127.0.0.1:4222/orders?cache=:memory:"): "':memory:' is not the path of a file",
    ("store", "nats://127.0.0.1:4222/orders?monitor="): "'' is not the URL of a monitoring port",
    ("store", "nats://127.0.0.1:4222/orders?monitor=127.0.0.1:8222"): "'127.0.0.1:8222' is not the URL of a",
    ("nats_creds", "/no/such/file"): "File '/no/such/file' does not exist.",
    ("nats_ca", "/no/such/file"): "File '/no/such/file' does not exist.",
    ("port", "65536"): "65536 is not in the range 0<=x<=65535.",
    ("grpc_port", "65536"): "65536 is not in the range 0<=x<=65535.",
    ("source", "simulator:"): "'' is not a number",
    ("source", "simulator:0"): "0.0 is not in the range 0<x<=10000.",
    ("source", "simulator:-1"): "'-1' is not a number",
    ("source", "simulator:fast"): "'fast' is not a number",
    ("source", "simulator:nan"): "'nan' is not a number",
    ("source", "simulator:10001"): "10001.0 is not in the range 0<x<=10000.",
    ("replay_speed", "0"): "0.0 is not in the range 0<x<=1000000000.0.",
    ("replay_speed", "0.0"): "0.0 is not in the range 0<x<=1000000000.0.",
    ("replay_speed", "1e99"): "1e+99 is not in the range 0<x<=1000000000.0.",
    ("seed", "9223372036854775808"): "9223372036854775808 is not in the range 0<=x<=9223372036854775807.",
    ("retain_events", "0"): "0 is not in the range 1<=x<=1000000000000000.",
    ("retain_seconds", "0"): "0.0 is not in the range 0<x<=1000000000.0.",
    ("max_stream_age_seconds", "0"): "0.0 is not in the range 0<x<=1000000000.0.",
    ("heartbeat_seconds", "0"): "0.0 is not in the range 0<x<=30.",
    ("heartbeat_seconds", "31"): "31.0 is not in the range 0<x<=30.",
    ("retry_ms", "0"): "0 is not in the range 1<=x<=600000.",
    ("retry_ms", "5000-2000"): "'5000-2000' ends before it begins",
    ("retry_ms", "2000-"): "'' is not a whole number",
    ("retry_ms", "-5000"): "'' is not a whole number",
    ("retry_ms", "600001"): "600001 is not in the range 1<=x<=600000.",
    ("jwks", "/no/such/file"): "File '/no/such/file' does not exist.",
    ("jwt_secret_file", "/no/such/file"): "File '/no/such/file' does not exist.",
    ("algorithms", "HS256 none"): "'none' is not one of ",
    ("publish_rate", "1000:"): "'' is not a number",
    ("publish_rate", ":1000"): "'' is not a number",
    ("max_body_bytes", "16383"): "16383 is not in the range 16384<=x<=2147483648.",
    ("contract", "no/such/folder"): "Directory 'no/such/folder' does not exist.",
    ("contract", __file__): f"Directory '{__file__}' is a file.",
    (
        "contract",
        str(Path(__file__).parent),
    ): f"{str(Path(__file__).parent)!r} is no contract: ",
}


def read_settings(flags: Mapping[str, str], variables: Mapping[str, str]) -> Settings:
    """Read settings as `serve` does, from the values of flags by the names of their fields, and from variables."""
    arguments = [argument for name, text in flags.items() for argument in (SETTINGS[name].flag, text)]
    with patch.dict(os.environ, variables, clear=True), serve.make_context("serve", arguments) as context:
        check_variables(os.environ)
        return Settings(**context.params)


@pytest.mark.parametrize(("name", "text", "value"), ALLOWED)
def test_allowed_value_is_read_from_flag_and_variable(name: str, text: str, value: object) -> None:
    assert getattr(read_settings({name: text}, {}), name) == value
    assert getattr(read_settings({}, {SETTINGS[name].variable: text}), name) == value


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_refused_value_stops_the_start_with_a_line_that_names_its_origin_and_itself(name: str, text: str) -> None:
    setting = SETTINGS[name]
    with pytest.raises(click.BadParameter) as flag_refused:
        read_settings({name: text}, {})
    with pytest.raises(click.BadParameter) as variable_refused:
        read_settings({}, {setting.variable: text})
    by_flag, by_variable = flag_refused.value.format_message(), variable_refused.value.format_message()
    assert by_flag.startswith(f"Invalid value for '{setting.flag}': ")
    assert by_variable.startswith(f"Invalid value for '{setting.variable}': ")
    sentence = by_flag.partition(": ")[2]
    assert by_variable.partition(": ")[2] == sentence
    assert sentence.startswith(SENTENCES.get((name, text), f"{text!r} is not "))


def test_a_password_in_the_url_of_the_store_is_not_shown() -> None:
    for scheme in ("nats", "tls"):
        with pytest.raises(click.BadParameter) as refused:
            read_settings({"store": f"{scheme}://node:hunter2@127.0.0.1/orders"}, {})
        assert "hunter2" not in refused.value.format_message()


def test_every_setting_is_tried_with_good_and_bad_values() -> None:
    names = {name for name, setting in SETTINGS.items() if not setting.is_flag}
    assert {name for name, _, _ in ALLOWED} == names
    assert {name for name, _ in REFUSED} == names


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.is_flag])
def test_flag_without_a_value_has_a_variable_that_is_1_or_0(name: str) -> None:
    setting = SETTINGS[name]
    with serve.make_context("serve", [setting.flag]) as context:
        assert context.params[name] is True
    values = [getattr(read_settings({}, {setting.variable: text}), name) for text in ("", "0", "1")]
    assert values == [False, False, True]
    with pytest.raises(click.BadParameter) as refused:
        read_settings({}, {setting.variable: "maybe"})
    assert refused.value.format_message().startswith(
        f"Invalid value for '{setting.variable}': 'maybe' is not a valid boolean."
    )


@pytest.mark.parametrize("text", ["9\n\x1b[31m" * 10_000, "9" * 10_000])
def test_line_stays_short_and_single_whatever_the_value(text: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        read_settings({"seed": text}, {})
    assert refused.value.format_message().isprintable()
    assert len(refused.value.format_message()) < 1000


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
        ("ORDERS_EVENTS_XYZZY", "`orders-events serve --help` lists the settings."),
        ("ORDERS_EVENTS_", "`orders-events serve --help` lists the settings."),
    ],
)
def test_unknown_variable_stops_the_start(variable: str, hint: str) -> None:
    with pytest.raises(click.UsageError) as unknown:
        read_settings({}, {variable: ""})
    assert unknown.value.format_message().startswith(f"{variable} is not a setting; {hint}")


def test_variable_of_publish_and_tail_does_not_stop_a_server() -> None:
    assert read_settings({}, {"ORDERS_EVENTS_URL": "http://127.0.0.1:9000"}) == Settings()


def test_documentation_has_every_setting_once() -> None:
    rows = documented()
    assert [row.flag for row in rows] == [setting.flag for setting in SETTINGS.values()]
    assert len({row.flag for row in rows}) == len({row.variable for row in rows}) == len(rows) == len(fields(Settings))
    assert all(row.help for row in rows)


def test_documented_defaults_are_the_values_without_flags() -> None:
    defaults = {name: row.default for name, row in zip(SETTINGS, documented(), strict=True) if row.default}
    assert read_settings(defaults, {}) == Settings()
    assert all(getattr(Settings(), name) in (None, (), False) for name in SETTINGS if name not in defaults)


def test_variables_are_the_flags_in_capitals() -> None:
    assert SETTINGS["retain_events"].variable == "ORDERS_EVENTS_RETAIN_EVENTS"
    assert SETTINGS["cors_origins"].variable == "ORDERS_EVENTS_CORS_ORIGIN"


def test_contract_is_that_of_the_repository_unless_another_is_named(tmp_path: Path) -> None:
    assert (Settings().contract_root / "contracts" / "order.shipped").is_dir()
    (tmp_path / "contracts").mkdir()
    assert read_settings({"contract": str(tmp_path)}, {}).contract_root == tmp_path
