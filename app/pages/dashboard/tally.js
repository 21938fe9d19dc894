// What has been counted, by event type.

import { History, SPAN_MS } from './history.js';

const RATE_SPANS = 30; // rates are those of the last five minutes

export class Tally {
  #byType = new Map();
  #firstAt;
  received = 0;
  newestAt = null;

  constructor(now) {
    this.#firstAt = now;
  }

  get types() {
    return [...this.#byType.keys()];
  }

  /** Count an event. `live`: it came as it was published, and was not waiting. */
  add({ type, data }, now, live) {
    const counted = this.of(type);
    counted.count += 1;
    this.received += 1;
    this.newestAt = now;
    counted.newestAt = now;
    // What was waiting belongs to the time at which it happened. What is live belongs there too, unless it tells of old times.
    const at = Date.parse(data?.when);
    if (counted.history.add(at, now)) this.#firstAt = Math.min(this.#firstAt, at);
    else if (live) counted.history.add(now, now);
  }

  of(type) {
    if (!this.#byType.has(type)) this.#byType.set(type, { count: 0, newestAt: null, history: new History() });
    return this.#byType.get(type);
  }

  /** Events a minute over the last five minutes, or over as many as there have been. */
  rate(type, now) {
    const counts = this.of(type).history.counts(now);
    const spans = Math.min(RATE_SPANS, Math.max(6, Math.ceil((now - this.#firstAt) / SPAN_MS)));
    const sum = counts.slice(-spans).reduce((total, count) => total + count, 0);
    return (sum * 60_000) / (spans * SPAN_MS);
  }
}
