"""The parser of the AsyncAPI initiative (https://github.com/asyncapi/parser-js) accepts the derived document.

It knows rules that the schema of AsyncAPI cannot express, such as which messages an operation may name.
"""

from __future__ import annotations

import json
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from app.specification.contracts import load_contracts
from app.specification.document import load_document
from tests.compatibility.released_contract import Edit, drop, put
from tests.node_packages.installed import node_package
from tests.support.programs import needed

ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads(load_document(ROOT, load_contracts(ROOT / "contracts")).asyncapi)
WARNING = 1  # severities: 0 error, 1 warning, 2 information, such as a newer version of AsyncAPI
SCRIPT = """
const { Parser } = require(process.argv[1]);
let text = '';
process.stdin.on('data', (piece) => { text += piece; }).on('end', async () => {
  const documents = [];
  for (const each of JSON.parse(text)) {
    const { diagnostics } = await new Parser().parse(JSON.stringify(each));
    documents.push(diagnostics.map(({ severity, message, path }) => ({ severity, message, path: path.join('.') })));
  }
  console.log(JSON.stringify(documents));
});
"""
PLANTED: dict[str, Edit] = {
    "an operation with a message of another channel": put(
        *("operations", "sendEvents", "messages", 0, "$ref"),
        value="#/channels/events.orders/messages/StreamGapFrame",
    ),
    "a schema that is none": put("components", "schemas", "PingMessage", "type", value="thing"),
    "a channel on a server that does not exist": put(
        "channels", "events.orders.socket", "servers", 0, "$ref", value="#/servers/wss"
    ),
    "a server without a protocol": drop("servers", "ws", "protocol"),
}


def planted(edit: Edit) -> Any:
    document = deepcopy(DOCUMENT)
    edit(document)
    return document


def test_parser_finds_planted_faults_and_none_in_the_document() -> None:
    parser, node = node_package("@asyncapi/parser"), needed("node")
    documents = [DOCUMENT, *(planted(edit) for edit in PLANTED.values())]
    run = subprocess.run(
        [node, "-e", SCRIPT, str(parser)], input=json.dumps(documents), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    good, *bad = ([each for each in found if each["severity"] <= WARNING] for found in json.loads(run.stdout))
    assert good == []
    assert [name for name, found in zip(PLANTED, bad, strict=True) if not found] == []


@pytest.mark.parametrize("server", ["http", "ws"])
def test_server_has_an_address_that_a_reader_can_set(server: str) -> None:
    described = DOCUMENT["servers"][server]
    assert described["protocol"] == server
    assert described["host"] == "{host}"
    assert described["variables"]["host"]["default"]
