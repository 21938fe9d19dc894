"""What a disk may hold after a power cut, built from a record of everything that a process did to the files of one folder.

`recorder.c` writes the record. What was synced is there after any cut. Of what was written since, a disk keeps what it likes, in
units of a sector; `SURVIVORS` names the ways that are tried. A name counts as kept once its file or its folder was synced.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

_HEAD: Final = struct.Struct("<BQQII")  # as `struct record` of recorder.c


class Change(NamedTuple):
    """One recorded call: `kind` is one of o(pened), w(ritten), t(runcated), s(ynced), f(ailed to sync), r(emoved)."""

    kind: str
    monotonic_ns: int
    path: str
    offset: int
    payload: bytes


def read_record(path: Path) -> list[Change]:
    """Read all changes in their order, except for one at the end that is recorded in part: the process still runs, or was killed."""
    record = path.read_bytes()
    changes: list[Change] = []
    place = 0
    while place + _HEAD.size <= len(record):
        kind, monotonic_ns, offset, path_bytes, payload_bytes = _HEAD.unpack_from(record, place)
        name_end = place + _HEAD.size + path_bytes
        end = name_end + payload_bytes
        if end <= len(record):
            name = record[place + _HEAD.size : name_end].decode()
            changes.append(Change(chr(kind), monotonic_ns, name, offset, record[name_end:end]))
        place = end
    return changes


class Write(NamedTuple):
    """Bytes that no sync has covered yet."""

    offset: int
    payload: bytes

    def apply(self, content: bytearray) -> None:
        content.extend(bytes(max(0, self.offset - len(content))))
        content[self.offset : self.offset + len(self.payload)] = self.payload


class Truncation(NamedTuple):
    """A new size that no sync has covered yet."""

    size: int

    def apply(self, content: bytearray) -> None:
        del content[self.size :]
        content.extend(bytes(self.size - len(content)))


Pending: TypeAlias = Write | Truncation
Survivors: TypeAlias = Callable[[Sequence[Pending], Random], Sequence[Pending]]
"""Choose which of the pending changes of one file survive, and in which form."""


@dataclass
class File:
    """One file: what is on disk for certain, what is not, and whether its name is."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Pending] = field(default_factory=list)
    is_named: bool = False


class Disk:
    """The files of one folder as changes are made to them one after the other.

    `files`: what is on disk at the beginning, by path.
    """

    def __init__(self, files: Mapping[str, bytes] = MappingProxyType({})) -> None:
        self._files = {path: File(bytearray(content), is_named=True) for path, content in files.items()}
        self._removed: dict[str, File] = {}  # since the last sync of the folder

    def change(self, change: Change) -> None:
        """Apply the next change of the record."""
        match change.kind:
            case "o":
                self._removed.pop(change.path, None)
                self._files.setdefault(change.path, File())
            case "w":
                self._files[change.path].pending.append(Write(change.offset, change.payload))
            case "t":
                self._files[change.path].pending.append(Truncation(change.offset))
            case "s" if change.path in self._files:
                self._sync(self._files[change.path])
            case "s":  # the folder
                self._removed.clear()
                for file in self._files.values():
                    file.is_named = True
            case "f" if change.path in self._files:
                self._files[change.path].pending.clear()  # as Linux does with pages that it could not write
            case "r":
                self._removed[change.path] = self._files.pop(change.path)

    def cut(self, survivors: Survivors, random: Random) -> Mapping[str, bytes]:
        """Return what each file holds when the power comes back, by path."""
        found = {
            path: bytes(file.durable) for path, file in self._removed.items() if file.is_named and _by_chance(random)
        }
        for path, file in self._files.items():
            kept = survivors(file.pending, random) if file.pending else ()
            if file.is_named or kept or _by_chance(random):
                content = bytearray(file.durable)
                for pending in kept:
                    pending.apply(content)
                found[path] = bytes(content)
        return found

    def in_flight(self) -> Iterator[tuple[str, Write]]:
        """The last unsynced write of each file, which a disk may have been busy with."""
        for path, file in self._files.items():
            writes = [pending for pending in file.pending if isinstance(pending, Write)]
            if writes:
                yield path, writes[-1]

    @staticmethod
    def _sync(file: File) -> None:
        for pending in file.pending:
            pending.apply(file.durable)
        file.pending.clear()
        file.is_named = True


def _by_chance(random: Random) -> bool:
    return random.random() < 0.5


def nothing(_pending: Sequence[Pending], _random: Random) -> Sequence[Pending]:
    """Lose everything that was not synced."""
    return ()


def everything(pending: Sequence[Pending], _random: Random) -> Sequence[Pending]:
    """Lose nothing, as a killed process does."""
    return pending


def beginning(pending: Sequence[Pending], random: Random) -> Sequence[Pending]:
    """Keep the changes in their order up to one, of which a beginning survives."""
    kept = list(pending[: random.randint(1, len(pending))])
    last = kept[-1]
    if isinstance(last, Write):
        kept[-1] = Write(last.offset, last.payload[: random.randint(0, len(last.payload))])
    return kept


def sectors_of(sector_bytes: int) -> Survivors:
    """Keep each sector of each write, and each truncation, by chance: some are lost, so later ones overtake earlier ones."""

    def survivors(pending: Sequence[Pending], random: Random) -> Sequence[Pending]:
        share = random.choice((0.1, 0.5, 0.9))
        parts = [part for each in pending for part in _sectors(each, sector_bytes)]
        return [part for part in parts if random.random() < share]

    return survivors


def _sectors(pending: Pending, sector_bytes: int) -> Iterator[Pending]:
    if isinstance(pending, Truncation):
        yield pending
        return
    place = 0
    while place < len(pending.payload):
        offset = pending.offset + place
        end = place + sector_bytes - offset % sector_bytes
        yield Write(offset, pending.payload[place:end])
        place = end


SURVIVORS: Final[Mapping[str, Survivors]] = {
    "nothing": nothing,
    "everything": everything,
    "beginning": beginning,
    "sectors-512": sectors_of(512),
    "sectors-4096": sectors_of(4096),
}


def destroy_sector(
    found: Mapping[str, bytes], at: Write, path: str, random: Random, sector_bytes: int = 512
) -> dict[str, bytes]:
    """Overwrite the sector that a write in flight began in with noise: what stood there before is gone, synced or not."""
    content = bytearray(found.get(path, b""))
    start = at.offset - at.offset % sector_bytes
    content[start : start + sector_bytes] = random.randbytes(len(content[start : start + sector_bytes]))
    return {**found, path: bytes(content)}
