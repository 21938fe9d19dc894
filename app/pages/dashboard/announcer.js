// Announces changes to screen readers: the state of the connection at once, and new events only as a sum from time to time.

import { element, say } from './element.js';
import { nameOf, number } from './words.js';

const QUIET_MS = 20_000;

export class Announcer {
  #counted = new Map();
  #saidAt = performance.now();

  say(text) {
    this.#saidAt = performance.now();
    say(element('announcement'), text);
  }

  /** Announce how many events are new, if the last announcement is long enough ago. */
  sum(tally) {
    if (performance.now() - this.#saidAt < QUIET_MS) return;
    const parts = [];
    for (const type of tally.types) {
      const { count } = tally.of(type);
      const more = count - (this.#counted.get(type) ?? 0);
      if (more) parts.push(`${number(more)} ${nameOf(type).toLowerCase()}`);
      this.#counted.set(type, count);
    }
    if (parts.length) this.say(`New: ${parts.join(', ')}`);
  }
}
