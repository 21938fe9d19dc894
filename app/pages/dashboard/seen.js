// Remembers the ids of the newest events, because after a gap some arrive again and must count once.

const MOST = 50_000; // ids in one generation; two generations are kept, some 10 MB

export class Seen {
  #young = new Set();
  #old = new Set();

  /** Add an id, and return whether it is new. */
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
