"""The TypeScript compiler accepts the browser client with its types, and programs that use them rightly."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.browser.client_server import CLIENT
from tests.node_packages.installed import node_package
from tests.support.programs import needed

COMMON = {
    "noEmit": True,
    "target": "es2022",
    "module": "nodenext",
    "lib": ["es2024", "dom", "dom.iterable"],
    "types": [],
}


def check(folder: Path, files: list[str], **options: object) -> str:
    """Compile `files`, programs that use the client; return the compiler's messages."""
    compiler = node_package("typescript") / "bin" / "tsc"
    for path in CLIENT.iterdir():
        shutil.copy(path, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": {**COMMON, **options}, "files": files}))
    command = [needed("node"), str(compiler), "--project", str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_program_is_checked_against_the_types(tmp_path: Path) -> None:
    programs = ["usage.ts", "publishing.ts"]
    for each in programs:
        shutil.copy(Path(__file__).parent / each, tmp_path)
    assert check(tmp_path, programs, strict=True) == ""


def test_program_against_the_types_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wrong.ts").write_text("import { subscribe } from './client.js';\nsubscribe({ orderId: 1 });\n")
    assert check(tmp_path, ["wrong.ts"], strict=True).startswith("wrong.ts(2,13): error TS2322: ")


def test_client_keeps_to_its_own_types(tmp_path: Path) -> None:
    # Not `strict`: it would need comments with types throughout the JavaScript.
    assert (
        check(
            tmp_path,
            ["client.js", "client.worker.js", "client.publisher.js", "client.websocket.js"],
            allowJs=True,
            checkJs=True,
            strict=False,
        )
        == ""
    )
