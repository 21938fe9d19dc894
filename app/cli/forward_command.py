"""`orders-events forward`: send each event of a server to a webhook."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

import click
import httpx

from app.cli.forwarding.forwarding import Forwarding
from app.cli.forwarding.kept_position import kept_position
from app.cli.forwarding.webhook import Webhook, read_webhook_url
from app.cli.forwarding.webhook_secrets import make_secret, read_secrets
from app.cli.options.options import RETRY_MAX_TIME, certificates_option, orders_client, transport_option, url_option
from app.cli.options.stream_options import FINITE_RETRY_SECONDS, stream_options
from app.cli.options.token_option import TokenSource, token_option
from app.cli.output.server_errors import Failed
from app.cli.output.terminal import say
from app.client import Checkpoint, Gap, OrderEvent, OrdersClient, OrdersError, OrderStream, StreamOptions
from app.client.endpoint import new_client
from app.client.transports.choice import Transport

_DEAD_LETTER_SECONDS: Final = 3600.0
_FILE: Final = click.Path(dir_okay=False, path_type=Path)


@click.command
@click.argument("webhook_url", metavar="WEBHOOK", callback=read_webhook_url)
@click.option(
    "--position",
    type=_FILE,
    required=True,
    metavar="FILE",
    help="The file that keeps the id of the last forwarded event. A further run goes on after it, whatever --from and --since say.",
)
@click.option(
    "--secret-file",
    type=_FILE,
    required=True,
    metavar="FILE",
    help="The secret that signs requests, such as whsec_...; on two lines if it is being replaced. If there is no such file, it is made.",
)
@url_option
@token_option
@certificates_option
@transport_option("sse", "websocket", "auto", "grpc")
@stream_options
@click.option(
    "--retry-max-time",
    type=RETRY_MAX_TIME,
    metavar="SECONDS",
    help="Repeat an event for this long. [default: without a limit, or 3600 with --dead-letters]",
)
@click.option(
    "--dead-letters",
    type=_FILE,
    metavar="FILE",
    help="Append an event that was not received in that time to this file, and go on. [default: stop at it]",
)
def forward(
    *,
    webhook_url: httpx.URL,
    position: Path,
    secret_file: Path,
    url: str,
    token: TokenSource | None,
    certificates: ssl.SSLContext | None,
    transport: Transport,
    event_types: tuple[str, ...],
    order_id: tuple[str, ...],
    major_version: int | None,
    origin: Literal["earliest", "latest"] | None,
    since: str | timedelta | None,
    follow: bool,
    retry_max_time: float | None,
    dead_letters: Path | None,
) -> int:
    """Send each event of a server to WEBHOOK, the URL of a receiver, as a signed POST request (https://www.standardwebhooks.com).

    The body is the event as `tail` prints it: {"id": ..., "eventType": ..., "data": {...}}. If events are lost, because the server has
    deleted them, the receiver gets an event of the type stream.gap in their place.

    Events are sent one after another, in order, and each until the receiver answers with a 2xx status: at least once. The header
    webhook-id is the same for each repetition. After a crash, a restart or a failure, a run with the same --position goes on.

    Exit codes: 0 the end that --no-follow asks for is reached; 1 an event cannot be forwarded, the receiver answered 410, or the server
    refuses or cannot be reached; 2 wrong usage.
    """
    with kept_position(position) as kept, _http(webhook_url) as http:
        if make_secret(secret_file):
            say(f"{secret_file} has a new secret now. The receiver needs it to verify the signatures.")
        keys = read_secrets(secret_file)
        _check_dead_letters(dead_letters)
        seconds = _DEAD_LETTER_SECONDS if retry_max_time is None and dead_letters else retry_max_time
        forwarding = Forwarding(Webhook(webhook_url, keys, http), kept, seconds, dead_letters)
        options: StreamOptions = {
            "event_types": event_types,
            "order_ids": order_id,
            "major_version": major_version,
            "after": kept.event_id,
            "since": since,
            "from_": origin,
            "follow": follow,
            "retry_max_seconds": None if follow else FINITE_RETRY_SECONDS,
        }
        try:
            with (
                orders_client(url, certificates, transport=transport, token=token) as orders,
                _stream(orders, options) as stream,
            ):
                forwarding.forward(stream)
        except OrdersError as error:
            raise Failed(error) from None
        finally:
            say(f"{forwarding.received} received, {forwarding.given_up} in the dead letters.")
    return 0


def _check_dead_letters(path: Path | None) -> None:
    """Open the file, so that it is not only after an hour that no event can be set aside. Raises click.ClickException."""
    try:
        if path is not None:
            path.open("a").close()
    except OSError as error:
        raise click.ClickException(f"No event can be set aside in {path}: {error.strerror or error}.") from None


def _http(url: httpx.URL) -> httpx.Client:
    try:
        return new_client(str(url), None)
    except ValueError as error:  # the certificates that the environment names
        raise click.UsageError(str(error)) from None


def _stream(orders: OrdersClient, options: StreamOptions) -> OrderStream[OrderEvent | Gap | Checkpoint]:
    try:
        return orders.stream(gaps="yield", checkpoints="yield", **options)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
