// Counts the events that have arrived, by event type.

export class Tally {
  #byType = new Map();
  received = 0;
  newestAt = null;

  get types() {
    return [...this.#byType.keys()];
  }

  /** Return the number of all events. */
  get total() {
    return [...this.#byType.values()].reduce((sum, { count }) => sum + count, 0);
  }

  add({ type }, now) {
    const counted = this.of(type);
    counted.count += 1;
    this.received += 1;
    this.newestAt = now;
    counted.newestAt = now;
  }

  /** Add the events that were counted before the page was loaded again: intervals of the log. */
  restore(intervals) {
    for (const { counts } of intervals) for (const [type, count] of Object.entries(counts)) this.of(type).count += count;
  }

  of(type) {
    if (!this.#byType.has(type)) this.#byType.set(type, { count: 0, newestAt: null });
    return this.#byType.get(type);
  }
}
