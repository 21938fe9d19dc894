// Counts the events that have arrived, by event type.

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

  /** Count an event. `live`: whether it arrived when it was published, and had not been stored before. */
  add({ type, data }, now, live) {
    const counted = this.of(type);
    counted.count += 1;
    this.received += 1;
    this.newestAt = now;
    counted.newestAt = now;
    // The chart shows an event at the time at which it happened; a live event that happened too long ago, at the time of its arrival.
    const at = Date.parse(data?.when);
    if (counted.history.add(at, now)) this.#firstAt = Math.min(this.#firstAt, at);
    else if (live) counted.history.add(now, now);
  }

  of(type) {
    if (!this.#byType.has(type)) this.#byType.set(type, { count: 0, newestAt: null, history: new History() });
    return this.#byType.get(type);
  }

  /** Return the events per minute over the last five minutes, or over the time since the first event if that is shorter. */
  rate(type, now) {
    const counts = this.of(type).history.counts(now);
    const spans = Math.min(RATE_SPANS, Math.max(6, Math.ceil((now - this.#firstAt) / SPAN_MS)));
    const sum = counts.slice(-spans).reduce((total, count) => total + count, 0);
    return (sum * 60_000) / (spans * SPAN_MS);
  }
}
