// Counts events by type in equal spans of time, up to now. The spans begin at whole multiples of their length, as those of the log's
// counts do.

export class History {
  #counts = new Map(); // for each type, a ring with one number for each span
  #newest = 0; // the number of the newest span, counted from the Unix epoch

  /** `spanMs`: the length of a span; `spans`: how many are kept. */
  constructor(spanMs, spans) {
    this.spanMs = spanMs;
    this.spans = spans;
  }

  /** Count events of a type. A time in the future counts as now; one before the oldest span does not count. */
  add(type, at, now, count = 1) {
    this.#advance(now);
    const span = Math.min(Math.floor(at / this.spanMs), this.#newest);
    if (span > this.#newest - this.spans) this.#ring(type)[span % this.spans] += count;
  }

  /** Replace all counts by intervals of the log. */
  load(intervals, now) {
    this.#counts.clear();
    for (const { start, counts } of intervals) {
      for (const [type, count] of Object.entries(counts)) this.add(type, Date.parse(start), now, count);
    }
  }

  /** Return the counts of a type, oldest first. */
  counts(type, now) {
    this.#advance(now);
    const ring = this.#ring(type);
    return Array.from({ length: this.spans }, (_, index) => ring[(this.#newest + 1 + index) % this.spans]);
  }

  /** Return when a span begins; the oldest one has the index 0. */
  startOf(index) {
    return (this.#newest - this.spans + 1 + index) * this.spanMs;
  }

  /** Return when the oldest span with an event begins; undefined if there is none. */
  firstAt(now) {
    const firsts = [...this.#counts.keys()].map((type) => this.counts(type, now).findIndex(Boolean)).filter((index) => index >= 0);
    return firsts.length ? this.startOf(Math.min(...firsts)) : undefined;
  }

  #ring(type) {
    if (!this.#counts.has(type)) this.#counts.set(type, new Uint32Array(this.spans));
    return this.#counts.get(type);
  }

  #advance(now) {
    const span = Math.floor(now / this.spanMs);
    if (span < this.#newest - 1) this.#restart(span); // the clock was set back
    for (const ring of this.#counts.values()) {
      for (let next = Math.max(this.#newest + 1, span - this.spans + 1); next <= span; next += 1) ring[next % this.spans] = 0;
    }
    this.#newest = Math.max(this.#newest, span);
  }

  #restart(span) {
    for (const ring of this.#counts.values()) ring.fill(0);
    this.#newest = span;
  }
}
