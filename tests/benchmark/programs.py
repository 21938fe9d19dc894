"""The C programs of the benchmark, compiled when they are needed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
BUILD: Final = ROOT / "build" / "benchmark"

_HERE: Final = Path(__file__).parent
_FLAGS: Final = ("-std=gnu11", "-O2", "-Wall", "-Wextra")
_SOURCES: Final = {"driver": _HERE / "driver", "limit": _HERE / "peers" / "limit"}
_ZLIB: Final = "zlib.h"  # without it, the driver is compiled all the same, and reads no gzip


class NoCompilerError(Exception):
    """Raised when there is no C compiler on this machine."""

    def __init__(self) -> None:
        super().__init__("The benchmark's load driver is written in C, and there is no cc here; install gcc or clang.")


def compile_program(name: str, folder: Path = BUILD) -> Path:
    """Compile one of the programs, unless it is newer than its sources; return its path.

    Raises NoCompilerError if there is no compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoCompilerError
    program = folder / name
    files = [each for each in _SOURCES[name].iterdir() if each.suffix in {".c", ".h"}]
    if program.exists() and program.stat().st_mtime >= max(each.stat().st_mtime for each in files):
        return program
    folder.mkdir(parents=True, exist_ok=True)
    sources = sorted(str(each) for each in files if each.suffix == ".c")
    unfinished = program.with_suffix(f".{os.getpid()}")  # so that no other process finds half a program
    subprocess.run([compiler, *_FLAGS, "-o", str(unfinished), *sources, *_libraries(compiler)], check=True)
    return unfinished.replace(program)


def has_zlib() -> bool:
    """Return whether C programs can be compiled with zlib here."""
    compiler = shutil.which("cc")
    return compiler is not None and bool(_libraries(compiler))


def _libraries(compiler: str) -> list[str]:
    command = [compiler, "-E", "-include", _ZLIB, "-x", "c", os.devnull]
    return [] if subprocess.run(command, capture_output=True, check=False).returncode else ["-lz"]
