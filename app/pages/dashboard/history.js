// Counts events in each of the last sixty spans of ten seconds.

export const SPAN_MS = 10_000;
export const SPANS = 60;

export class History {
  #counts = new Uint32Array(SPANS);
  #newest = 0; // the number of the newest span, counted from the Unix epoch

  /** Count an event, and return whether its time is in the last ten minutes; a time in the future counts as now. */
  add(at, now) {
    this.#advance(now);
    const span = Math.min(Math.floor(at / SPAN_MS), this.#newest);
    if (!(span > this.#newest - SPANS)) return false;
    this.#counts[span % SPANS] += 1;
    return true;
  }

  /** Return the counts, oldest first. */
  counts(now) {
    this.#advance(now);
    return Array.from({ length: SPANS }, (_, index) => this.#counts[(this.#newest + 1 + index) % SPANS]);
  }

  #advance(now) {
    const span = Math.floor(now / SPAN_MS);
    if (span < this.#newest - 1) this.#restart(span); // the clock was set back
    for (let next = Math.max(this.#newest + 1, span - SPANS + 1); next <= span; next += 1) this.#counts[next % SPANS] = 0;
    this.#newest = Math.max(this.#newest, span);
  }

  #restart(span) {
    this.#counts.fill(0);
    this.#newest = span;
  }
}
