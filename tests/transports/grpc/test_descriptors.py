"""The descriptors are those that a foreign compiler makes from the text of the `.proto`, and that text is good style."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.specification.contracts import load_contracts
from app.specification.derived.protobuf.field_numbers import FieldNumber, Numbering
from app.specification.derived.protobuf.proto_values import ProtoFile
from app.specification.document import load_document
from app.transports.grpc.messages.descriptors import MessageClasses, file_descriptor
from tests.support.buf import buf, compiled, module
from tests.support.rich_contract import ROOT, rich_proto

REMOVED = {"OrderWeighedV1": {"gone": FieldNumber(3, "optional string"), "lost": FieldNumber(7, "bool")}}


@pytest.fixture(params=["as it is", "rich", "with removed properties"])
def file(request: pytest.FixtureRequest) -> ProtoFile:
    match request.param:
        case "as it is":
            return load_document(ROOT, load_contracts(ROOT / "contracts")).proto
        case "rich":
            return rich_proto()
        case _:
            return rich_proto(Numbering(REMOVED))


def test_descriptor_is_that_of_the_text(tmp_path: Path, file: ProtoFile) -> None:
    assert file_descriptor(file) == compiled(tmp_path, file)


def test_text_passes_the_standard_lint(tmp_path: Path, file: ProtoFile) -> None:
    ran = buf(module(tmp_path, file), "lint")
    assert (ran.returncode, ran.stdout) == (0, "")


def test_classes_of_two_contracts_live_in_one_process() -> None:
    plain = MessageClasses(load_document(ROOT, load_contracts(ROOT / "contracts")).proto)
    rich = MessageClasses(rich_proto())
    event = rich["Event"](id="a-1", order_weighed_v1={"order_id": "or_1", "deep": {"item": {"sku": ""}}})
    read = plain["Event"].FromString(event.SerializeToString())
    assert (read.id, read.WhichOneof("data")) == ("a-1", None)
    assert read.SerializeToString() == event.SerializeToString()


def test_what_is_absent_differs_from_what_is_empty() -> None:
    shipped = MessageClasses(rich_proto())["OrderShippedV1"]
    assert shipped(carrier="").HasField("carrier")
    assert not shipped().HasField("carrier")
