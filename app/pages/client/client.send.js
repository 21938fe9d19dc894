// One attempt to publish a batch of events, over HTTP or WebSocket.

import { sleep } from './client.pace.js';
import { withPatience } from './client.patience.js';
import { errorOf, refusal, requestFor } from './client.request.js';
import { fetchWithToken, NoToken } from './client.token.js';

/**
 * The result of an attempt. `events`: they are on disk. `error` with `final`: the server refuses them, and would refuse them again.
 * `error` alone: try again, not before `retryAfterMs`.
 * @typedef {object} Attempt
 * @property {import('./client.publisher.d.ts').PublishedEvent[]} [events]
 * @property {import('./client.d.ts').StreamError} [error]
 * @property {boolean} [final]
 * @property {number} [retryAfterMs]
 */

const APART_MS = 12; // between two messages: the server allows 100 in a second
const PATIENCE_MS = 60_000;
// The same request may succeed later, as after each status from 500 on. After 401, when somebody has signed in: no event is lost meanwhile.
const TRANSIENT_STATUSES = [401, 408, 425, 429];

/**
 * Return a function that makes one attempt to send a batch. An attempt without an answer, whose events may have been stored or not, is
 * to be repeated: every event has an `eventId`.
 * @param {import('./client.publisher.d.ts').PublisherOptions} options
 * @returns {(body: string, signal: AbortSignal) => Promise<Attempt>}
 */
export function sender({ transport = 'fetch', ...options }) {
  const request = requestFor({ ...options, transport }); // which checks them
  return transport === 'websocket' ? overSocket(request) : overHttp(request);
}

/** @param {import('./client.request.js').StreamRequest} request */
function overHttp(request) {
  const address = new URL(request.url);
  address.search = ''; // the filter of a stream
  const headers = { ...request.headers, 'Content-Type': 'application/json', Accept: 'application/json' };
  return (body, signal) => post(address, request, { method: 'POST', headers, body, cache: 'no-store' }, signal);
}

/**
 * The connection is not one of the streams: a batch that makes the server close it must not end them.
 * @param {import('./client.request.js').StreamRequest} request
 */
function overSocket({ url, silenceMs, token }) {
  /** @type {import('./client.socket.js').Socket} */
  let socket;
  let earliest = 0; // when the next message may be sent
  const open = async (signal) => {
    const { Socket, socketAddress } = await import('./client.socket.js');
    socket = new Socket(socketAddress(url), silenceMs, token);
    signal.addEventListener('abort', () => socket.close());
  };
  return async (body, signal) => {
    try {
      if (!socket || socket.outcome) await open(signal);
      await sleep(earliest - performance.now(), signal);
      earliest = performance.now() + APART_MS;
      const answer = await socket.request((number) => `{"type":"publish","request":${number},"events":${body}}`);
      if (answer.type === 'published') return { events: answer.events };
      if (answer.problem) return attemptOf(errorOf(answer.problem.status, answer.problem));
      const { error = new Error('The WebSocket ended before the answer.'), final } = answer;
      return error.status ? attemptOf(error) : { error, final };
    } catch (error) {
      return { error };
    }
  };
}

async function post(address, request, options, signal) {
  try {
    return await withPatience(PATIENCE_MS, signal, async (stop) => {
      const response = await fetchWithToken(address, request, { ...options, signal: stop });
      if (response.status === 201) return { events: (await response.json()).events };
      const error = await refusal(response, 'a publish result');
      return attemptOf(error, error.retryAfterMs);
    });
  } catch (error) {
    return { error: error instanceof NoToken ? error.cause : error };
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
