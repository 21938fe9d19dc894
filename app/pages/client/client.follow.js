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
 * How a connection ended. `final`: whether the server has nothing more to send. The reason is `behind` if the client itself ended it,
 * because too much waited for the handlers, and they have caught up.
 * @typedef {{reason: string, final?: boolean, error?: import('./client.d.ts').StreamError}} Outcome
 */

/**
 * The callbacks of a subscription. `place` returns the id to resume after, if there is one; `left` returns how many events the `limit`
 * of the stream still allows, if it has one.
 * @typedef {object} Follower
 * @property {() => string | undefined} place
 * @property {() => number | undefined} left
 * @property {(frame: Frame) => Promise<void>} frame
 * @property {(id: string) => void} moved
 * @property {(state: object) => void} state
 * @property {(error: import('./client.d.ts').StreamError) => void} error
 */

const FINAL_REASONS = ['limit', 'end'];

const FIRST_FRAME_MS = 10_000; // with the transport `auto`: a stream whose first frame takes longer is held back by a proxy
const FAILURES = 2; // so many running make `auto` change its transport

/**
 * Follow until the signal is aborted, or until the server has nothing more to send.
 * @param {StreamRequest} wanted
 * @param {Follower} follower
 * @param {AbortSignal} signal
 * @returns {Promise<string | undefined>} the reason for the end of the stream; undefined if the signal was aborted
 */
export async function follow(wanted, follower, signal) {
  const request = { ...wanted, left: follower.left };
  const pace = new Pace();
  const auto = request.transport === 'auto' ? new Auto() : undefined;
  let reason;
  follower.state({ state: 'connecting', attempt: 0 });
  while (!signal.aborted) {
    if (follower.left() === 0) return 'limit';
    const read = READERS[auto?.transport ?? request.transport];
    const connection = new Connection(follower, pace, signal, reason === 'behind');
    if (auto) connection.expectFrame(FIRST_FRAME_MS);
    const outcome = await read(request, follower.place(), connection, connection.signal);
    connection.over();
    if (signal.aborted) return undefined;
    reason = connection.reason ?? outcome.reason;
    if (outcome.error) follower.error(outcome.error);
    if (outcome.error?.retryAfterMs) pace.retryAfterMs = outcome.error.retryAfterMs;
    if (outcome.final || FINAL_REASONS.includes(reason)) return reason;
    if (reason === 'behind') continue;
    auto?.note(connection, reason);
    const retryInMs = reason === 'online' ? 0 : pace.next();
    follower.state({ state: awayState(), attempt: pace.attempt, retryInMs, reason });
    await sleep(retryInMs, signal);
  }
  return undefined;
}

/** How to read by each transport. @type {Record<string, typeof readByFetch>} */
const READERS = {
  eventsource: globalThis.EventSource ? readByEventSource : readByFetch, // some browsers have none in workers
  fetch: readByFetch,
  websocket: readBySocket,
};

/** The transport that `auto` uses: an event stream; and WebSocket, if a proxy holds back the first frame of two streams running. */
class Auto {
  /** @type {'fetch' | 'websocket'} */
  transport = 'fetch'; // an EventSource does not show how long it has been waiting
  #failures = 0; // running

  /** Take note of a connection that has ended. */
  note({ wasOpen }, reason) {
    const failed = !wasOpen && (reason === 'silent' || this.transport === 'websocket');
    this.#failures = failed ? this.#failures + 1 : 0;
    if (this.#failures < FAILURES) return;
    this.#failures = 0;
    this.transport = this.transport === 'fetch' && globalThis.WebSocket ? 'websocket' : 'fetch';
  }
}

/** Load what only WebSocket needs, and read. */
async function readBySocket(request, id, listener, signal) {
  try {
    const { readByWebSocket } = await import('./client.websocket.js');
    return await readByWebSocket(request, id, listener, signal);
  } catch (error) {
    return { reason: 'lost', error };
  }
}

/** One connection: it reports to the follower, and can be closed from this side. */
class Connection {
  signal;
  reason; // why it ended, as the server or the network reports it
  wasOpen = false; // whether it has brought a frame
  #follower;
  #pace;
  #open; // whether it has sent an id to resume after, as every stream of this contract does at once
  #timer;
  #stop = new AbortController();
  #over = new AbortController();

  /**
   * @param {Follower} follower
   * @param {Pace} pace
   * @param {AbortSignal} signal
   * @param {boolean} isOpen whether it continues an open connection, which the follower is not to notice
   */
  constructor(follower, pace, signal, isOpen) {
    this.#follower = follower;
    this.#pace = pace;
    this.#open = isOpen;
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    listenToPage('offline', () => this.#leave('offline'), this.#over.signal);
    listenToPage('online', () => this.#open || this.#leave('online'), this.#over.signal);
  }

  frame(frame) {
    if (frame.type === 'stream.closing') {
      this.reason = dataOf(frame)?.reason;
    } else if (!this.#open) {
      this.#open = this.wasOpen = true;
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

  /** End this connection if it brings no frame in time. */
  expectFrame(milliseconds) {
    this.#timer = setTimeout(() => this.#open || this.#leave('silent'), milliseconds);
  }

  over() {
    clearTimeout(this.#timer);
    this.#over.abort();
  }

  #leave(reason) {
    this.reason = reason;
    this.#stop.abort();
  }
}
