// Follow a stream across its connections. After each one, wait for a time that is fair to the server, and connect again.

import { dataOf } from './client.event.js';
import { readByEventSource } from './client.eventsource.js';
import { readByFetch } from './client.fetch.js';
import { awayState, listenToPage, Pace, sleep } from './client.pace.js';

/** @typedef {import('./client.decoder.js').Frame} Frame */
/** @typedef {import('./client.request.js').StreamRequest} StreamRequest */

/**
 * The callbacks of a connection. `frame` handles an event; with fetch, the stream waits for its promise. `moved` gets the id to
 * resume after, once the event with that id has been handled. `lost` is called when an EventSource begins to reconnect by itself.
 * @typedef {object} Listener
 * @property {(frame: Frame) => Promise<void>} frame
 * @property {(id: string) => void} moved
 * @property {(retryMs: number) => void} retry
 * @property {() => void} lost
 */

/**
 * How a connection ended. `final`: whether the server has nothing more to send.
 * @typedef {{reason: string, final?: boolean, error?: import('./client.d.ts').StreamError}} Outcome
 */

/**
 * The callbacks of a subscription. `place` returns the id to resume after, if there is one.
 * @typedef {object} Follower
 * @property {() => string | undefined} place
 * @property {(frame: Frame) => Promise<void>} frame
 * @property {(id: string) => void} moved
 * @property {(state: object) => void} state
 * @property {(error: import('./client.d.ts').StreamError) => void} error
 */

const FINAL_REASONS = ['limit', 'end'];

/**
 * Follow until the signal is aborted, or until the server has nothing more to send.
 * @param {StreamRequest} request
 * @param {Follower} follower
 * @param {AbortSignal} signal
 * @returns {Promise<string | undefined>} the reason for the end of the stream; undefined if the signal was aborted
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

/** One connection: it reports to the follower, and can be closed from this side. */
class Connection {
  signal;
  reason; // why it ended, as the server or the network reports it
  #follower;
  #pace;
  #open = false; // whether it has sent an id to resume after, as every stream of this contract does at once
  #stop = new AbortController();
  #over = new AbortController();

  constructor(follower, pace, signal) {
    this.#follower = follower;
    this.#pace = pace;
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    listenToPage('offline', () => this.#leave('offline'), this.#over.signal);
    listenToPage('online', () => this.#open || this.#leave('online'), this.#over.signal);
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
    if (FINAL_REASONS.includes(this.reason)) this.#stop.abort(); // an EventSource would connect again
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
