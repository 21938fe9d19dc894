// Follow a stream across its connections: return to it after each, as quickly as is fair to the server.

import { dataOf } from './client.event.js';
import { readByEventSource } from './client.eventsource.js';
import { readByFetch } from './client.fetch.js';

/** @typedef {import('./client.decoder.js').Frame} Frame */
/** @typedef {import('./client.request.js').StreamRequest} StreamRequest */

/**
 * Who listens to a connection. `frame` handles an event; by fetch, its promise holds the stream up. `moved` is told the id to
 * return with once the event that has it is handled. `lost` is told that an EventSource returns by itself.
 * @typedef {object} Listener
 * @property {(frame: Frame) => Promise<void>} frame
 * @property {(id: string) => void} moved
 * @property {(retryMs: number) => void} retry
 * @property {() => void} lost
 */

/**
 * How a connection ended: `final` if the server has no more to say.
 * @typedef {{reason: string, final?: boolean, error?: import('./client.d.ts').StreamError}} Outcome
 */

/**
 * Who follows: `place` is the id to return to, if there is one.
 * @typedef {object} Follower
 * @property {() => string | undefined} place
 * @property {(frame: Frame) => Promise<void>} frame
 * @property {(id: string) => void} moved
 * @property {(state: object) => void} state
 * @property {(error: import('./client.d.ts').StreamError) => void} error
 */

const FINAL_REASONS = ['limit', 'end'];
const FIRST_MS = 1000; // the base of the backoff until the server has said what it asks for
const LEAST_MS = 100; // the base of a server that asks for no wait at all
const MOST_MS = 30_000; // a server that has been away for an hour is found again within half a minute
const LONGEST_RETRY_MS = 600_000; // what a server of ours can ask for at most

/**
 * Follow until told to stop, or until the server has no more to say.
 * @param {StreamRequest} request
 * @param {Follower} follower
 * @param {AbortSignal} signal
 * @returns {Promise<string | undefined>} why there is no more to come; nothing if told to stop
 */
export async function follow(request, follower, signal) {
  const read = request.transport === 'fetch' || !globalThis.EventSource ? readByFetch : readByEventSource;
  const pace = new Pace();
  follower.state({ state: 'connecting', attempt: 0 });
  while (!signal.aborted) {
    const connection = new Connection(follower, pace, signal);
    const outcome = await read(request, follower.place(), connection, connection.signal);
    connection.over();
    if (signal.aborted) return undefined;
    const reason = connection.reason ?? outcome.reason;
    if (outcome.final || FINAL_REASONS.includes(reason)) return reason;
    if (outcome.error) follower.error(outcome.error);
    const retryInMs = reason === 'online' ? 0 : pace.next();
    follower.state({ state: awayState(), attempt: pace.attempt, retryInMs, reason });
    await sleep(retryInMs, signal);
  }
  return undefined;
}

/** One connection as the follower is told of it, and what ends it from this side. */
class Connection {
  signal;
  reason; // what the server, or else the network, gives as the reason of its end
  #follower;
  #pace;
  #open = false; // whether it has given a place to return to, as every good stream does at once
  #stop = new AbortController();
  #over = new AbortController();

  constructor(follower, pace, signal) {
    this.#follower = follower;
    this.#pace = pace;
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    listenToNetwork('offline', () => this.#leave('offline'), this.#over.signal);
    listenToNetwork('online', () => this.#open || this.#leave('online'), this.#over.signal);
  }

  frame(frame) {
    if (frame.type === 'stream.closing') {
      this.reason = dataOf(frame)?.reason;
    } else if (!this.#open) {
      this.#open = true;
      this.#pace.attempt = 0;
      this.#follower.state({ state: 'open', attempt: 0 });
    }
    const handled = this.#follower.frame(frame);
    if (FINAL_REASONS.includes(this.reason)) this.#stop.abort(); // an EventSource would return
    return handled;
  }

  moved(id) {
    this.#follower.moved(id);
  }

  retry(milliseconds) {
    this.#pace.retryMs = milliseconds;
  }

  lost() {
    this.#open = false;
    this.#pace.attempt += 1;
    this.#follower.state({ state: awayState(), attempt: this.#pace.attempt, reason: this.reason ?? 'lost' });
    this.reason = undefined;
  }

  over() {
    this.#over.abort();
  }

  #leave(reason) {
    this.reason = reason;
    this.#stop.abort();
  }
}

/** Counts attempts since the last good event, and spaces them. */
export class Pace {
  attempt = 0;
  #retryMs = FIRST_MS;

  set retryMs(milliseconds) {
    this.#retryMs = Math.min(milliseconds, LONGEST_RETRY_MS);
  }

  /** Count one more; return how long to wait before it: as the server asks at first, then exponentially with full jitter. */
  next() {
    this.attempt += 1;
    if (this.attempt === 1) return this.#retryMs; // servers of ours give each client another one
    const most = Math.max(MOST_MS, this.#retryMs);
    return Math.random() * Math.min(most, Math.max(this.#retryMs, LEAST_MS) * 2 ** (this.attempt - 1));
  }
}

/** The state of one who waits to return. */
export function awayState() {
  return globalThis.navigator?.onLine === false ? 'offline' : 'reconnecting';
}

/** Listen where there is anything to listen to: Node has no such events. */
export function listenToNetwork(name, listener, signal) {
  globalThis.addEventListener?.(name, listener, { signal });
}

/** Wait; a network that comes back, or the signal, ends the waiting. */
export function sleep(milliseconds, signal) {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const woken = new AbortController();
    const wake = () => {
      clearTimeout(timer);
      woken.abort();
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    listenToNetwork('online', wake, woken.signal);
    signal.addEventListener('abort', wake, { signal: woken.signal });
  });
}
