"""Read the tables of an event type that has several major versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path

from app.specification.conversion.same_way_up import require_same_way_up
from app.specification.conversion.table_examples import Compiled, check_table_examples
from app.specification.conversion.table_pair import UP, TablePair, read_table_pair
from app.specification.errors import InvalidContract
from app.specification.version import Version


def read_tables(folder: Path, compiled: Compiled, fixed: Collection[str]) -> Mapping[Version, TablePair]:
    """Read and check the tables of all versions that are not of the oldest major. (Those of the oldest one lead to a major that is gone.)

    `folder`: the folder of the event type. `fixed`: the properties that no step may touch. Raises InvalidContract with a one-line message
    that names the file.
    """
    schemas = {version: schema.source for version, schema in compiled.items()}
    oldest = min(compiled).major
    pairs = {
        version: read_table_pair(folder, version, schemas, fixed) for version in compiled if version.major > oldest
    }
    for version, pair in pairs.items():
        check_table_examples(folder, version, pair, compiled)
        _require_way_up(folder, version, pair, compiled)
    for before, now in pairwise(sorted(pairs)):
        if before.major == now.major:
            require_same_way_up(pairs[now].up_table, pairs[before].up_table, before, schemas)
    return pairs


def _require_way_up(folder: Path, version: Version, pair: TablePair, versions: Collection[Version]) -> None:
    """Check that the newest version of a major raises events of the newest version of the major before: all of them go that way."""
    newest = max(each for each in versions if each.major == pair.older.major)
    if version == max(each for each in versions if each.major == version.major) and pair.older != newest:
        raise InvalidContract(
            f"{folder / str(version) / UP}: events go up from {pair.older}, but the newest version of that major is {newest}; add a version "
            f"after {version} whose tables have {newest}."
        )
