// The queue of a publisher: batches of events that have no answer yet, oldest first, in memory or in a storage that outlasts the page.

import { uuid7 } from './client.uuid.js';

/**
 * A batch in the queue. `key`: sorts after the keys of all older batches. `body`: its events, as the JSON text of a request.
 * @typedef {{key: string, body: string}} Batch
 */

const MOST_EVENTS = 10_000;
const MOST_BYTES = 4_000_000; // browsers allow an origin about 5 MB
const MOST_FORGOTTEN = 1000; // batches that other pages have removed so recently that this page may still see them

export class Outbox {
  #texts; // the bodies by name: the prefix and the key
  #prefix;
  #most;
  #sizes = new Map(); // by key, in the order of the keys
  #forgotten = new Set(); // keys

  /**
   * @param {import('./client.publisher.d.ts').PublisherOptions} options
   * @param {(error: Error) => void} fail called if the browser stores nothing; the queue is in memory then
   */
  constructor({ storageKey, storage, maxEvents = MOST_EVENTS, maxBytes = MOST_BYTES }, fail) {
    this.#texts = storageKey === undefined ? new Map() : textsIn(storage, fail);
    this.#prefix = `${storageKey} `;
    this.#most = { events: maxEvents, bytes: maxBytes };
    this.changed();
  }

  /** How many events are in the queue. */
  get events() {
    return this.#total('events');
  }

  /**
   * Add a batch at the end.
   * @param {object[]} events
   * @returns {Batch}
   * @throws an error with the reason `full` if the queue cannot take the batch
   */
  add(events) {
    const body = JSON.stringify(events);
    const size = { events: events.length, bytes: new TextEncoder().encode(body).length };
    for (const [what, most] of Object.entries(this.#most)) {
      const total = this.#total(what) + size[what];
      if (total > most) throw full(`With these events, ${total} ${what} would wait; at most ${most} may.`);
    }
    const key = uuid7([...this.#sizes.keys()].at(-1));
    try {
      this.#texts.set(this.#prefix + key, body);
    } catch (error) {
      throw full(`The browser cannot store these events: ${error.message}`);
    }
    this.#sizes.set(key, size);
    return { key, body };
  }

  /** Return the oldest batch, if there is one. @returns {Batch | undefined} */
  first() {
    for (const key of this.#sizes.keys()) {
      const body = this.#texts.get(this.#prefix + key);
      if (body) return { key, body };
      this.#sizes.delete(key); // another page has sent it
    }
    return undefined;
  }

  /** @param {string} key */
  remove(key) {
    this.#texts.delete(this.#prefix + key);
    this.#sizes.delete(key);
  }

  /** Leave out a batch that another page removes, although the storage may still have it for a moment. @param {string} key */
  forget(key) {
    this.#sizes.delete(key);
    this.#forgotten.add(key);
    if (this.#forgotten.size > MOST_FORGOTTEN) this.#forgotten.delete(this.#forgotten.values().next().value);
  }

  /** Look at the storage again, because another page has changed it. */
  changed() {
    const names = [...this.#texts.keys()].filter((name) => name.startsWith(this.#prefix)).sort();
    const keys = names.map((name) => name.slice(this.#prefix.length)).filter((key) => !this.#forgotten.has(key));
    this.#sizes = new Map(keys.map((key) => [key, this.#sizes.get(key) ?? this.#sizeOf(key)]));
  }

  #sizeOf(key) {
    const body = this.#texts.get(this.#prefix + key) ?? '';
    return { events: eventsIn(body).length, bytes: new TextEncoder().encode(body).length };
  }

  #total(what) {
    return [...this.#sizes.values()].reduce((sum, size) => sum + size[what], 0);
  }
}

/** Return the events of a batch; none if the text is not JSON, as something else may have been stored in its place. */
export function eventsIn(body) {
  try {
    return [JSON.parse(body)].flat();
  } catch {
    return [];
  }
}

/** Return the texts of a storage, with the interface of a Map; an empty Map if there is no storage. */
function textsIn(storage, fail) {
  try {
    const texts = storage ?? globalThis.localStorage; // it throws if cookies are blocked
    return {
      keys: () => Object.keys(texts),
      get: texts.getItem.bind(texts),
      set: texts.setItem.bind(texts),
      delete: texts.removeItem.bind(texts),
    };
  } catch (error) {
    fail(error);
    return new Map();
  }
}

function full(message) {
  return Object.assign(new Error(message), { reason: 'full' });
}
