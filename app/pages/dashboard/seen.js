// The ids of the newest events. After a gap some events come again; each counts once.

const MOST = 50_000; // of a generation; two are kept, some 10 MB

export class Seen {
  #young = new Set();
  #old = new Set();

  /** Tell whether an id is new here, and keep it. */
  add(id) {
    if (this.has(id)) return false;
    if (this.#young.size >= MOST) [this.#old, this.#young] = [this.#young, new Set()];
    this.#young.add(id);
    return true;
  }

  has(id) {
    return this.#young.has(id) || this.#old.has(id);
  }
}
