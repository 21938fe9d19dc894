// One attempt to publish a batch of events over HTTP.

import { refusal } from './client.request.js';

/**
 * The result of an attempt. `events`: they are on disk. `error` with `final`: the server refuses them, and would refuse them again.
 * `error` alone: try again, not before `retryAfterMs`.
 * @typedef {object} Attempt
 * @property {import('./client.publisher.d.ts').PublishedEvent[]} [events]
 * @property {import('./client.d.ts').StreamError} [error]
 * @property {boolean} [final]
 * @property {number} [retryAfterMs]
 */

const PATIENCE_MS = 60_000;
const TRANSIENT_STATUSES = [408, 425, 429]; // the same request may succeed later, as after each status from 500 on

/**
 * Return a function that makes one attempt to send a batch. An attempt without an answer, whose events may have been stored or not, is
 * to be repeated: every event has an `eventId`.
 * @param {import('./client.publisher.d.ts').PublisherOptions} options
 * @returns {(body: string, signal: AbortSignal) => Promise<Attempt>}
 */
export function sender({ url = '/events/orders', headers }) {
  const address = new URL(url, globalThis.location?.href);
  address.search = ''; // the filter of a stream
  const sent = { ...headers, 'Content-Type': 'application/json', Accept: 'application/json' };
  return (body, signal) => post(address, { method: 'POST', headers: sent, body, cache: 'no-store' }, signal);
}

async function post(address, request, signal) {
  const stop = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const response = await fetch(address, { ...request, signal: stop });
    if (response.status === 201) return { events: (await response.json()).events };
    const error = await refusal(response, 'a publish result');
    return attemptOf(error, 1000 * Number(response.headers.get('Retry-After')));
  } catch (error) {
    return { error };
  }
}

/**
 * Return an attempt that the server answered with a problem.
 * @param {import('./client.d.ts').StreamError} error
 * @param {number} [retryAfterMs]
 * @returns {Attempt}
 */
export function attemptOf(error, retryAfterMs) {
  const { status } = error;
  return { error, final: status >= 400 && status < 500 && !TRANSIENT_STATUSES.includes(status), retryAfterMs };
}
