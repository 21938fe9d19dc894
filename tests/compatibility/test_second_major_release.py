"""The gate lets a second major version be added by files alone, and nothing of it change once it is released."""

from __future__ import annotations

import json
import shutil
from datetime import date

from app.compatibility import release
from tests.compatibility.released_contract import ReleasedContract
from tests.support.order_shipped_2 import VERSION, add_order_shipped_2

RELEASED_ON = date(2027, 1, 1)


def test_a_second_major_is_an_addition_to_the_document(released: ReleasedContract) -> None:
    add_order_shipped_2(released.copy)
    [finding] = released.check().findings
    assert finding.rule == "version-not-moved"
    assert "enum-value-added at components.schemas.MajorVersion.enum" in finding.change
    released.copy.move_to_next_minor()
    assert released.check().findings == []


def test_released_tables_never_change(released: ReleasedContract) -> None:
    add_order_shipped_2(released.copy)
    released.copy.move_to_next_minor()
    released.check()
    assert list(release(released.root, RELEASED_ON).findings) == []
    folder = released.copy.contracts / "order.shipped" / VERSION
    recorded = json.loads((released.copy.contracts / "released.json").read_text())["order.shipped"]
    assert list(recorded)[-3:] == [VERSION, f"{VERSION}/down.json", f"{VERSION}/up.json"]

    shutil.copy(folder / "down" / "most.before.json", folder / "down" / "again.before.json")
    shutil.copy(folder / "down" / "most.after.json", folder / "down" / "again.after.json")
    assert released.rules() == []  # more examples change nothing

    for name in ("down.json", "up.json"):
        table = (folder / name).read_text()
        (folder / name).write_text(table + "\n")
        [finding] = released.check().findings
        assert (finding.rule, finding.place) == (
            "released-table-changed",
            f"contracts/order.shipped/{VERSION}/{name}",
        )
        (folder / name).unlink()
        assert "released-table-removed" in released.rules()
        (folder / name).write_text(table)
    assert released.rules() == []


def test_a_table_that_does_not_hold_is_a_finding_that_names_its_file(released: ReleasedContract) -> None:
    add_order_shipped_2(released.copy)
    released.copy.move_to_next_minor()
    path = released.copy.contracts / "order.shipped" / VERSION / "down.json"
    table = json.loads(path.read_text())
    table["steps"].pop(0)
    path.write_text(json.dumps(table))
    [finding] = released.check().findings
    assert finding.rule == "contracts-invalid"
    assert f"{VERSION}/down.json: what comes out may be refused by 1.2.0, at /when (required)." in finding.change
