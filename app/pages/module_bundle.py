"""Join an ES module and the modules that it imports into one, so that a page asks once for all of them.

No tool is needed, and none runs when a module changes: a bundle is made when it is asked for. It takes the forms of `import` and `export`
that our modules have, each of which begins a line, and refuses every other one. Each imported module becomes a function that returns its
exports, in the order in which a browser would run the modules; the first module follows as it is.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

_IMPORT: Final = re.compile(r"^import \{(?P<names>[^}]*)\} from '(?P<path>\.{1,2}/[^']+)';$", re.MULTILINE)
_EXPORT: Final = re.compile(
    r"^export (?P<declared>(?:const|class|(?:async )?function\*?) ?(?P<name>\w+))", re.MULTILINE
)
_DYNAMIC: Final = re.compile(
    r"(?<=await )import\('(?P<path>\.{1,2}/[^']+)'\)"
)  # comments have types in the form of import(…), too
_FIRST_WORD: Final = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


class Unbundled(Exception):
    """Raised when a module has a form of `import` or `export` that a bundle cannot have, or when modules import each other."""


def bundle(entry: str, here: str, read: Callable[[str], str]) -> str:
    """Return one module that does what the module `entry` does with everything that it imports.

    `entry`: the path of the module. `here`: the path of the bundle; relative URLs in the modules are resolved as before.
    `read`: returns the text of a module by its path. Raises Unbundled.
    """
    order: dict[str, str] = {}
    _visit(entry, read, order, ())
    names = {path: f"module{number}" for number, path in enumerate(order)}
    return "".join(_joined(path, order[path], here, names, is_entry=path == entry) for path in order)


def _visit(path: str, read: Callable[[str], str], order: dict[str, str], importers: tuple[str, ...]) -> None:
    """Add a module to `order` after the modules that it imports."""
    if path in importers:
        raise Unbundled(f"{' imports '.join([*importers, path])}: a bundle cannot have a circle.")
    if path in order:
        return
    text = read(path)
    for imported in _imported(text):
        _visit(_resolved(path, imported), read, order, (*importers, path))
    order[path] = text


def _imported(text: str) -> Iterator[str]:
    for pattern in (_IMPORT, _DYNAMIC):
        yield from (found["path"] for found in pattern.finditer(text))


def _resolved(path: str, imported: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), imported))


def _joined(path: str, text: str, here: str, names: Mapping[str, str], *, is_entry: bool) -> str:
    """Return a module as it is in the bundle: as a constant that has its exports, or at the top level, where it may `await`."""
    exported = [found["name"] for found in _EXPORT.finditer(text)]
    text = _IMPORT.sub(lambda found: _binding(found["names"], names[_resolved(path, found["path"])]), text)
    text = _EXPORT.sub(lambda found: found["declared"], text)
    text = _DYNAMIC.sub(lambda found: f"Promise.resolve({names[_resolved(path, found['path'])]})", text)
    left = _FIRST_WORD.search(text)
    if left:
        raise Unbundled(f"{path}: a bundle cannot have {left[0]!r}.")
    url = posixpath.relpath(path, posixpath.dirname(here) or ".")
    text = text.replace("import.meta.url", f"new URL({json.dumps(url)}, import.meta.url).href")
    if is_entry:
        return f"// {path}\n{text}"
    return f"// {path}\nconst {names[path]} = (() => {{\n{text}\nreturn {{ {', '.join(exported)} }};\n}})();\n"


def _binding(imported: str, module: str) -> str:
    return f"const {{{imported.replace(' as ', ': ')}}} = {module};"
