// A WebSocket connection with several subscriptions, and with requests that have an answer.

import { messageOf } from './client.messages.js';
import { errorOf, failure } from './client.request.js';
import { askFor } from './client.token.js';

/** @typedef {import('./client.follow.js').Outcome} Outcome */

/**
 * The callbacks of a subscription. `take` gets each of its messages; `end` is called when no more can come.
 * @typedef {{take: (message: any, text: string) => void, end: (outcome: Outcome) => void}} Taker
 */

const SUBPROTOCOL = 'orders-events.v1.json';
const MOST_SUBSCRIPTIONS = 32;
const FINAL_CODES = [1002, 1003, 1007, 1009]; // the server would close the next connection for the same reason
const LAST_TYPES = ['closing', 'unsubscribed', 'error']; // after such a message, the number of its subscription is free
const RETRIED_CODES = [4408, 4429]; // the others from 4400 to 4499 are final
const UNAUTHENTICATED = 4401;

export class Socket {
  /** Whether it has been open. */
  opened = false;

  /** How it ended, once it has. @type {Outcome | undefined} */
  outcome;

  /** @type {WebSocket | undefined} */
  #socket; // undefined until there is a token for it
  #over = new AbortController();
  #silenceMs;
  #heard = performance.now(); // when the last message arrived
  #timer;
  #unsent = []; // until it is open
  /** By number; a number without a taker is kept until the server has ended the subscription. @type {Map<number, Taker | undefined>} */
  #takers = new Map();
  #requests = new Map(); // by number: the functions of the promises for their answers
  #lastRequest = 0;

  /**
   * @param {string} url
   * @param {number} silenceMs how long it may be silent before it counts as dead
   * @param {import('./client.token.js').TokenFunction} [token]
   */
  constructor(url, silenceMs, token) {
    this.#silenceMs = silenceMs;
    if (token) this.#authenticate(url, token);
    else this.#connect(url);
    this.#watch();
  }

  /** Whether it can take one more subscription. */
  get hasRoom() {
    return !this.outcome && this.#takers.size < MOST_SUBSCRIPTIONS;
  }

  /**
   * Begin a subscription.
   * @param {(number: number) => object} message returns the message that begins the subscription with a number
   * @param {Taker} taker
   * @returns {number}
   */
  subscribe(message, taker) {
    let number = 1;
    while (this.#takers.has(number)) number += 1;
    this.#takers.set(number, taker);
    this.#send(JSON.stringify(message(number)));
    return number;
  }

  /** End a subscription; the connection too, if it was the last one. */
  unsubscribe(number) {
    if (this.outcome || !this.#takers.get(number)) return;
    this.#takers.set(number, undefined);
    this.#send(JSON.stringify({ type: 'unsubscribe', subscription: number }));
    this.#closeIfUnused();
  }

  /**
   * Send a request, and wait for the answer.
   * @param {(number: number) => string} text returns the request with a number
   * @returns {Promise<any>} the message; or how the connection ended, if that was earlier
   */
  request(text) {
    const number = (this.#lastRequest += 1);
    return new Promise((resolve) => {
      if (this.outcome) return resolve(this.outcome);
      this.#requests.set(number, resolve);
      this.#send(text(number));
    });
  }

  close() {
    this.#end({ reason: 'left' });
  }

  /** Connect, and send a token first: a page cannot send headers with the upgrade. */
  async #authenticate(url, ask) {
    try {
      const token = await askFor(ask, this.#over.signal);
      this.#unsent.unshift(JSON.stringify({ type: 'authenticate', token }));
      this.#connect(url);
    } catch (error) {
      this.#end(failure(error));
    }
  }

  #connect(url) {
    this.#socket = new WebSocket(url, SUBPROTOCOL);
    this.#socket.onopen = () => this.#open();
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code, reason }) => this.#end(outcomeOf(code, reason));
  }

  #open() {
    this.opened = true;
    for (const text of this.#unsent) this.#socket.send(text);
    this.#unsent = [];
  }

  #send(text) {
    if (this.opened) this.#socket.send(text);
    else this.#unsent.push(text);
  }

  #receive(text) {
    this.#heard = performance.now();
    const message = messageOf(text);
    this.#requests.get(message.request)?.(message);
    this.#requests.delete(message.request);
    const taker = this.#takers.get(message.subscription);
    taker?.take(message, text);
    if (!LAST_TYPES.includes(message.type) || !this.#takers.delete(message.subscription)) return;
    taker?.end(message.type === 'error' ? failure(errorOf(message.problem?.status, message.problem)) : { reason: 'lost' });
    this.#closeIfUnused();
  }

  /** End the connection if it has been silent for too long. A browser answers pings by itself and does not show them. */
  #watch() {
    const left = this.#heard + this.#silenceMs - performance.now();
    if (left <= 0) this.#end({ reason: 'silent' });
    else this.#timer = setTimeout(() => this.#watch(), left);
  }

  #closeIfUnused() {
    if (![...this.#takers.values()].some(Boolean)) this.close();
  }

  #end(outcome) {
    if (this.outcome) return;
    this.outcome = outcome;
    clearTimeout(this.#timer);
    this.#over.abort();
    if (this.#socket) {
      this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
    }
    for (const taker of this.#takers.values()) taker?.end(outcome);
    for (const answer of this.#requests.values()) answer(outcome);
  }
}

/**
 * Return the address of the WebSocket that belongs to a stream.
 * @param {string | URL} stream
 */
export function socketAddress(stream) {
  const url = new URL(stream);
  url.protocol = url.protocol.replace('http', 'ws');
  url.pathname += '/socket';
  url.search = '';
  return url.href;
}

/**
 * Return how a connection ended, from the code and the reason with which it was closed.
 * @returns {Outcome}
 */
function outcomeOf(code, reason) {
  const isFinal = FINAL_CODES.includes(code) || (code >= 4400 && code < 4500 && !RETRIED_CODES.includes(code));
  if (!isFinal) return { reason: 'lost' };
  const error = new Error(`The server closed the WebSocket with ${code}: ${reason || 'no reason'}.`);
  return { reason: 'refused', final: true, error: Object.assign(error, code === UNAUTHENTICATED && { status: 401 }) };
}
