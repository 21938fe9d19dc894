// Publish order events: in order, and each stored once, also if the network or the page goes away meanwhile. Types and promises:
// client.publisher.d.ts.
// @ts-self-types="./client.publisher.d.ts"

import { eventsIn, Outbox } from './client.outbox.js';
import { awayState, listenToPage, Pace, sleep } from './client.pace.js';
import { sender } from './client.send.js';
import { Tabs } from './client.tabs.js';
import { uuid7 } from './client.uuid.js';

/** @typedef {import('./client.outbox.js').Batch} Batch */
/** @typedef {import('./client.send.js').Attempt} Attempt */

const FIRST_MS = 1000; // the base of the backoff

/**
 * Make a publisher. It begins with the events that an earlier page has left in its queue.
 * @param {import('./client.publisher.d.ts').PublisherOptions} [options]
 * @param {import('./client.publisher.d.ts').PublisherHandlers} [handlers]
 * @returns {import('./client.publisher.d.ts').Publisher}
 */
export function publisher(options = {}, handlers = {}) {
  return new Publisher(options, handlers);
}

class Publisher {
  #handlers;
  #outbox;
  #tabs; // the pages with the same queue; undefined if no other page can have it
  #send; // makes one attempt
  #calls = new Map(); // by key: the batch of a call of `publish` that has no answer yet, and the functions of its promise
  #pace = new Pace();
  #session = new AbortController(); // ends while the page is in the back-forward cache, and for good
  #over = new AbortController();
  /** Called when there may be something to send. @type {(value?: unknown) => void} */
  #wake = () => {};

  constructor(options, handlers) {
    this.#handlers = handlers;
    this.#outbox = new Outbox(options, handlers.onError ?? console.error);
    if (options.storageKey !== undefined) this.#tabs = new Tabs(options.storageKey, (message) => this.#hear(message));
    this.#send = sender(options);
    this.#pace.retryMs = FIRST_MS * (0.5 + Math.random()); // not all clients at the same moment
    listenToPage('pagehide', () => this.#stop(), this.#over.signal);
    listenToPage('pageshow', ({ persisted }) => persisted && this.#run(), this.#over.signal);
    listenToPage('storage', () => this.#look(), this.#over.signal);
    queueMicrotask(() => this.#run());
  }

  get pending() {
    return this.#outbox.events;
  }

  async publish(events) {
    this.#over.signal.throwIfAborted();
    const identified = [events].flat().map((event) => ({ ...event, eventId: event.eventId ?? uuid7() }));
    const batch = this.#outbox.add(identified);
    const answer = new Promise((resolve, reject) => this.#calls.set(batch.key, { batch, resolve, reject }));
    this.#wake();
    const published = await answer;
    return Array.isArray(events) ? published : published[0];
  }

  close() {
    this.#over.abort(Object.assign(new Error('The publisher is closed.'), { reason: 'closed' }));
    this.#stop();
    for (const { reject } of this.#calls.values()) reject(this.#over.signal.reason);
    this.#calls.clear();
  }

  async #run() {
    if (this.#over.signal.aborted) return;
    const { signal } = (this.#session = new AbortController());
    this.#tabs?.open();
    const work = () => this.#sendAll(signal);
    while (!signal.aborted) {
      if (this.#next()) await (this.#tabs ? this.#tabs.alone(signal, work) : work());
      else await new Promise((resolve) => (this.#wake = resolve));
    }
  }

  #stop() {
    this.#session.abort();
    this.#tabs?.close();
    this.#wake();
  }

  /** Another page has changed the queue. */
  #look() {
    this.#outbox.changed();
    this.#wake();
  }

  /** Handle a message of another page: an answer to a batch, or the state of that page. */
  #hear(message) {
    const { batch, attempt } = message;
    if (!batch) return this.#call('onState', message);
    this.#outbox.forget(batch.key);
    this.#finish(batch, attempt);
  }

  async #sendAll(signal) {
    for (let batch = this.#next(); batch && !signal.aborted; batch = this.#next()) {
      this.#report({ state: 'sending' });
      const attempt = await this.#send(batch.body, signal);
      if (attempt.events || attempt.final) this.#settle(batch, attempt);
      else if (!signal.aborted) await this.#backOff(attempt, signal);
    }
    if (!signal.aborted) this.#report({ state: 'idle' });
  }

  /** Return the oldest batch; or one of this page that another page has removed from the queue without passing on the answer. */
  #next() {
    const [unanswered] = this.#calls.values();
    return this.#outbox.first() ?? unanswered?.batch;
  }

  /**
   * @param {Batch} batch
   * @param {Attempt} result
   */
  #settle(batch, { events, error }) {
    this.#pace.attempt = 0;
    this.#outbox.remove(batch.key);
    const attempt = { events, error: error && plain(error) };
    this.#tabs?.post({ batch, attempt });
    this.#finish(batch, attempt);
  }

  /** Pass an answer on to the page. */
  #finish({ key, body }, { events, error }) {
    const call = this.#calls.get(key);
    this.#calls.delete(key);
    if (events) {
      call?.resolve(events);
      this.#call('onPublished', events);
      return;
    }
    const refused = Object.assign(new Error(error.message), { reason: 'refused', ...error });
    call?.reject(refused);
    this.#call('onRefused', refused, eventsIn(body));
  }

  /** @param {Attempt} attempt */
  async #backOff({ error, retryAfterMs }, signal) {
    const retryInMs = Math.max(retryAfterMs || 0, this.#pace.next());
    const state = awayState() === 'offline' ? 'offline' : 'waiting';
    this.#report({ state, retryInMs, error: plain(error) });
    await sleep(retryInMs, signal);
  }

  #report(state) {
    const reported = { pending: this.pending, attempt: this.#pace.attempt, ...state };
    this.#tabs?.post(reported);
    this.#call('onState', reported);
  }

  #call(name, ...values) {
    try {
      this.#handlers[name]?.(...values);
    } catch (error) {
      console.error(error); // an error in a handler must not send the events again
    }
  }
}

/**
 * Return an error as an object that can be posted to other pages.
 * @param {import('./client.d.ts').StreamError} error
 */
function plain({ message, status, problem }) {
  return { message, status, problem };
}
