"""A bundle does what its modules do, and the dashboard's has all of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.pages.module_bundle import Unbundled, bundle
from tests.pages.contract import ROOT, site
from tests.support.programs import needed

MODULES = {
    "page/main.mjs": """// Joins all.
import { Count, DEEP } from './count.mjs';
import {
  twice as double,
  numbers,
} from '../lib.mjs';
import { name } from './order.mjs';

const { later } = await import('./later.mjs');
export const unused = 1;
await null;
console.log(new Count().next(), DEEP, double(2), [...numbers()], await name(), await later());
console.log(new URL('./x', import.meta.url).pathname.split('/').slice(-2).join('/'));
""",
    "page/count.mjs": """import { where, twice } from '../lib.mjs';
console.log('count');
const name = 'a name of its own';
export const DEEP = { of: where };
export class Count {
  #at = twice(1);
  next() { return (this.#at += 1); }
}
""",
    "page/later.mjs": "export async function later() {\n  return `import(${'later'})`;\n}\n",
    "page/order.mjs": "console.log('order');\nexport async function name() {\n  return 'name';\n}\n",
    "lib.mjs": """console.log('lib');
export const where = new URL('./file', import.meta.url).pathname.split('/').slice(-1)[0];
export function twice(value) {
  return 2 * value;
}
export function* numbers() {
  yield* [1, 2];
}
""",
}
REFUSED = {
    "default": "export default 1;\n",
    "list": "const a = 1;\nexport { a };\n",
    "live": "export let a = 1;\n",
    "everything": "import * as all from './b.mjs';\n",
    "effect": "import './b.mjs';\n",
    "circle": "import { a } from './a.mjs';\n",
}


def test_bundle_prints_what_its_modules_print(tmp_path: Path) -> None:
    node = needed("node")
    for name, text in {
        **MODULES,
        "page/bundle.mjs": bundle("page/main.mjs", "page/bundle.mjs", MODULES.__getitem__),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    modules, bundled = (
        subprocess.run([node, f"page/{name}.mjs"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
        for name in ("main", "bundle")
    )
    assert modules.startswith("lib\ncount\norder\n3 { of: 'file' } 4 [ 1, 2 ] name import(later)\n")
    assert bundled == modules


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_form_that_a_bundle_cannot_have_is_refused_and_named(text: str) -> None:
    with pytest.raises(Unbundled, match=r"a\.mjs"):
        bundle("a.mjs", "bundle.mjs", {"a.mjs": text, "b.mjs": "export const b = 1;\n"}.__getitem__)


def test_bundle_of_the_dashboard_has_all_its_modules_and_is_well_formed(tmp_path: Path) -> None:
    text = site()["dashboard/bundle.js"].content.decode()
    for module in (ROOT / "app" / "pages" / "dashboard").glob("*.js"):
        assert f"\n// dashboard/{module.name}\n" in f"\n{text}"
    assert "\n// client.js\n" in text
    for name in ("dashboard/bundle.js", "client.worker.js"):
        (tmp_path / "bundle.mjs").write_bytes(site()[name].content)
        subprocess.run([needed("node"), "--check", "bundle.mjs"], cwd=tmp_path, check=True)
