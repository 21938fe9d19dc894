"""Consumers with our own clients, which report what they apply."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tests.rehearse.documented_programs import install_node_client
from tests.rehearse.rehearsing import SILENCE_SECONDS
from tests.support.installed_client import client_environment
from tests.support.programs import needed

_PYTHON: Final = """
import os, httpx
from orders_events_client import Gap, OrdersClient

reports = httpx.Client(trust_env=False)
def report(line): reports.post(os.environ["ORDERS_EVENTS_REPORT_URL"], json=line)

with OrdersClient(os.environ["ORDERS_EVENTS_URL"], silence_seconds=SILENCE) as orders:
    for event in orders.stream(gaps="yield"):
        match event:
            case Gap(reason=reason):
                report({"gap": reason})
            case _:
                report({"id": event.id, "data": event.data})
"""
_NODE: Final = """
import { subscribe } from 'orders-events-client';

const applied = new Set(); // the client does not look for ids that are sent again
const report = (line) => fetch(process.env.ORDERS_EVENTS_REPORT_URL, { method: 'POST', body: JSON.stringify(line) });
subscribe(
  { url: `${process.env.ORDERS_EVENTS_URL}/events/orders`, heartbeatSeconds: SILENCE / 3 },
  {
    onEvent: ({ id, data }) => applied.has(id) || (applied.add(id), report({ id, data })),
    onGap: ({ reason }) => report({ gap: reason }),
    onError: ({ message }) => console.log(message),
  },
);
"""


def python_client() -> tuple[str, ...]:
    """Return the command of a program with the Python client."""
    program = _PYTHON.replace("SILENCE", str(SILENCE_SECONDS))
    return ("env", f"PYTHONPATH={client_environment()['PYTHONPATH']}", sys.executable, "-c", program)


def node_client(folder: Path) -> tuple[str, ...]:
    """Return the command of a program with the client for Node, which is installed in a folder."""
    install_node_client(folder)
    (folder / "consumer.mjs").write_text(_NODE.replace("SILENCE", str(SILENCE_SECONDS)))
    return (needed("node"), str(folder / "consumer.mjs"))
