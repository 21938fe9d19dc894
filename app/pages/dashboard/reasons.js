// Counts the reasons that events give, by event type. Only the newest events count, so memory is bounded.

import { percent } from './words.js';

const NEWEST = 1_000; // events of a type
const SHOWN = 3; // reasons

export class Reasons {
  #byType = new Map();

  add({ type, data }) {
    const reason = data?.reason;
    if (typeof reason !== 'string') return;
    if (!this.#byType.has(type)) this.#byType.set(type, []);
    const newest = this.#byType.get(type);
    newest.push(reason);
    if (newest.length > 2 * NEWEST) newest.splice(0, newest.length - NEWEST);
  }

  /** Return the most frequent reasons of a type, as text; empty if its events give none. */
  of(type) {
    const newest = this.#byType.get(type)?.slice(-NEWEST) ?? [];
    const counts = new Map();
    for (const reason of newest) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    const frequent = [...counts].sort(([, one], [, other]) => other - one).slice(0, SHOWN);
    return frequent.map(([reason, count]) => `${percent(count, newest.length)} ${reason}`).join(' · ');
  }
}
