"""A file in which a consumer reports what it applied, one JSON object a line."""

from __future__ import annotations

from pathlib import Path


class AppliedFile:
    """The file at `path`; None stands for none, and then nothing is ever new."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._read_bytes = 0

    def clear(self) -> None:
        """Empty the file before a scenario. Raises OSError."""
        self._read_bytes = 0
        if self._path is not None:
            self._path.write_bytes(b"")

    def new_lines(self) -> str:
        """Return the whole lines that were written since the last call."""
        if self._path is None or not self._path.exists():
            return ""
        with self._path.open("rb") as file:
            file.seek(self._read_bytes)
            lines, end, _ = file.read().rpartition(b"\n")
        self._read_bytes += len(lines) + len(end)
        return lines.decode("utf-8", "replace")

    def rest(self) -> str:
        """Return what was written since the last call, when nothing more comes: the last line may have no end."""
        if self._path is None or not self._path.exists():
            return ""
        with self._path.open("rb") as file:
            file.seek(self._read_bytes)
            return file.read().decode("utf-8", "replace")
