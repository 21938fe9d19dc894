// The requests to a server: for a stream, and for the event types.

import { withPatience } from './client.patience.js';
import { fetchWithToken, NoToken } from './client.token.js';

const STREAM = 'text/event-stream';
const TRANSPORTS = ['eventsource', 'fetch', 'websocket', 'auto'];
const WHOLE_NUMBER = /^[1-9][0-9]*$/; // the server refuses another limit
const GONE = 410; // what the stream asks for was retired, so no later request succeeds
const HEARTBEATS = 2; // as many may be missing before a connection counts as dead

/**
 * A stream to request.
 * @typedef {object} StreamRequest
 * @property {string} url the stream, with its filter, without a position
 * @property {string} [after] the id to begin after
 * @property {{since?: string, from?: string}} start where to begin as long as there is no id to resume after
 * @property {'eventsource' | 'fetch' | 'websocket' | 'auto'} transport
 * @property {Record<string, string>} [headers] only with fetch
 * @property {import('./client.token.js').TokenFunction} [token] not with eventsource
 * @property {number} [limit] how many events the URL asks for; absent if it has no end
 * @property {() => number | undefined} [left] how many of them are still to come
 * @property {string[]} [eventTypes] the types that the URL asks for; absent if it asks for all
 * @property {number} silenceMs how long a connection may be silent before it counts as dead; an EventSource does not show it
 */

/**
 * Read the options of a subscription. If an option is absent, the query of its URL counts.
 * @param {import('./client.d.ts').Options} options
 * @returns {StreamRequest}
 */
export function requestFor({ url = '/events/orders', eventTypes, orderId, majorVersion, after, since, from, ...options }) {
  const address = new URL(url, globalThis.location?.href);
  const query = address.searchParams;
  if (eventTypes?.length) query.set('eventTypes', eventTypes.join());
  for (const each of [orderId ?? []].flat()) query.append('orderId', each);
  if (majorVersion !== undefined) query.set('majorVersion', String(majorVersion));
  const named = query.getAll('eventTypes').flatMap((each) => each.split(','));
  const places = { lastEventId: after, since: since instanceof Date ? since.toISOString() : since, from };
  for (const name of Object.keys(places)) {
    places[name] ??= query.get(name) ?? undefined;
    query.delete(name);
  }
  const { lastEventId, ...start } = places;
  return {
    url: address.href,
    after: lastEventId,
    start,
    limit: WHOLE_NUMBER.test(query.get('limit') ?? '') ? Number(query.get('limit')) : undefined,
    eventTypes: named.length > 0 ? named : undefined,
    ...transportFor(options),
    silenceMs: HEARTBEATS * 1000 * (options.heartbeatSeconds ?? 15),
  };
}

/**
 * @param {import('./client.d.ts').Options} options
 * @returns {Pick<StreamRequest, 'transport' | 'headers' | 'token'>}
 */
function transportFor({ transport: wanted = 'sse', headers, token }) {
  const transport = wanted !== 'sse' ? wanted : globalThis.EventSource && !token ? 'eventsource' : 'fetch';
  if (!TRANSPORTS.includes(transport)) {
    throw new TypeError(`The transport is ${transport}; it must be sse, websocket, auto, eventsource or fetch.`);
  }
  if (transport === 'websocket' && !globalThis.WebSocket) throw new TypeError('There is no WebSocket here.');
  if (headers && transport !== 'fetch') {
    throw new TypeError(`The transport ${transport} sends no headers; use the transport fetch.`);
  }
  if (token && (transport === 'eventsource' || typeof token !== 'function')) {
    throw new TypeError(token === Object(token) ? 'An eventsource sends no token; use another transport.' : 'The token must be a function.');
  }
  return { transport, token, headers: headers && Object.fromEntries(new Headers(headers)) }; // a plain object, which can be sent to a worker
}

/**
 * Return the address of the stream after `id`, or of its beginning as the request wants it.
 * @param {StreamRequest} request
 * @param {string | undefined} id
 * @param {Record<string, string | number>} [more] further parameters
 */
export function addressOf(request, id, more = {}) {
  const url = new URL(request.url);
  const place = id ? { lastEventId: id } : request.start;
  for (const [name, value] of Object.entries({ ...place, limit: request.left?.(), ...more })) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

/**
 * Request a stream with fetch.
 * @param {string} url
 * @param {StreamRequest} request
 * @param {AbortSignal} signal
 * @returns {Promise<Response | undefined>} undefined if the answer is 204: there are no more events
 * @throws an error with the `status` and the `problem` of an answer that is not a stream
 */
export async function fetchStream(url, request, signal) {
  const headers = { ...request.headers, Accept: STREAM };
  const response = await fetchWithToken(url, request, { headers, cache: 'no-store', signal });
  if (response.status === 204) return undefined;
  if (response.status === 200 && typeOf(response) === STREAM) return response;
  throw await refusal(response);
}

/**
 * Request the types of order events: an EventSource dispatches only the types that it has listeners for.
 * @param {StreamRequest} request
 * @param {AbortSignal} signal
 * @returns {Promise<string[]>}
 */
export async function fetchEventTypes(request, signal) {
  const address = new URL('../event-types', request.url);
  // With patience, because events may be waiting for this.
  return withPatience(request.silenceMs, signal, async (stop) => {
    const response = await fetchWithToken(address, request, { cache: 'no-store', signal: stop });
    if (!response.ok) throw await refusal(response);
    const { eventTypes } = await response.json();
    return eventTypes.filter(({ kind }) => kind === 'order').map(({ eventType }) => eventType);
  });
}

/**
 * Return how a connection ended, from its error.
 * @param {import('./client.d.ts').StreamError} error
 * @returns {import('./client.follow.js').Outcome}
 */
export function failure(error) {
  if (error instanceof NoToken) return { reason: 'token', error: /** @type {Error} */ (error.cause) };
  return error.status ? { reason: 'refused', error, final: error.status === GONE } : { reason: 'lost' };
}

/**
 * Return the error for an answer that is not the expected one, such as a problem document.
 * @param {Response} response
 * @param {string} [expected]
 * @returns {Promise<import('./client.d.ts').StreamError>}
 */
export async function refusal(response, expected = 'an event stream') {
  const type = typeOf(response);
  const problem = type.endsWith('json') ? await response.json().catch(() => undefined) : await response.body?.cancel();
  const error = errorOf(response.status, problem, `this is not ${expected}, but ${type || 'of no type'}.`);
  return Object.assign(error, { retryAfterMs: retryAfterMs(response.headers.get('Retry-After')) });
}

/** Read the header, which has seconds or a date (RFC 9110 10.2.3). @param {string | null} text */
function retryAfterMs(text) {
  if (!text) return 0;
  const seconds = Number(text);
  return Math.max(0, Number.isNaN(seconds) ? Date.parse(text) - Date.now() : 1000 * seconds) || 0;
}

/**
 * Return the error for a problem of the server.
 * @param {number} status
 * @param {any} problem
 * @param {string} [otherwise] the detail, if there is no problem document
 * @returns {import('./client.d.ts').StreamError}
 */
export function errorOf(status, problem, otherwise) {
  const parameters = [problem?.errors ?? []].flat().map((each) => ` ${each?.name} ${each?.message}.`);
  const message = `${status}: ${problem?.detail ?? otherwise}${parameters.join('')}`;
  return Object.assign(new Error(message), { status, problem });
}

function typeOf(response) {
  return (response.headers.get('Content-Type') ?? '').split(';')[0].trim().toLowerCase();
}
