// One stream over WebSocket. The streams of a page, or of all tabs in the shared worker, have one connection.

import { Inbox } from './client.inbox.js';
import { framesOf, subscribeMessage } from './client.messages.js';
import { withPatience } from './client.patience.js';
import { failure, refusal } from './client.request.js';
import { Socket, socketAddress } from './client.socket.js';
import { fetchWithToken } from './client.token.js';

/** @typedef {import('./client.request.js').StreamRequest} StreamRequest */
/** @typedef {import('./client.follow.js').Listener} Listener */
/** @typedef {import('./client.follow.js').Outcome} Outcome */

const LEAST_RETRY_MS = 2000; // the contract asks for a wait between these two; a stream has its `retry` instead
const MOST_RETRY_MS = 5000;
const MOST_WAITING = 4_000_000; // characters of messages that wait for the handlers

/**
 * The newest one for each server, by its token function, and then by its address and its patience.
 * @type {WeakMap<object, Map<string, Socket>>}
 */
const sockets = new WeakMap();
const NO_TOKEN = {};

/**
 * Read a stream. Each event waits until the one before it has been handled. A browser reads on meanwhile, so if too much waits, the
 * subscription is ended at once. The outcome is then `behind`, once all that has been read has been handled.
 * @param {StreamRequest} request
 * @param {string | undefined} id the id to resume after
 * @param {Listener} listener
 * @param {AbortSignal} signal
 * @returns {Promise<Outcome>}
 */
export async function readByWebSocket(request, id, listener, signal) {
  listener.retry(LEAST_RETRY_MS + Math.random() * (MOST_RETRY_MS - LEAST_RETRY_MS));
  let place = id;
  let renewals = 0; // running: how often a new token was asked for
  for (;;) {
    const socket = socketFor(request);
    /** @type {Inbox<{message: any, text: string}>} */
    const inbox = new Inbox(MOST_WAITING, signal);
    const taker = {
      take: (message, text) => {
        inbox.take({ message, text }, text.length);
        if (!inbox.isOpen) socket.unsubscribe(number); // now: until the handlers have caught up, the server would send the whole log
      },
      end: (outcome) => inbox.end(outcome),
    };
    const number = socket.subscribe((free) => subscribeMessage(request, place, free), taker);
    for (let next = await inbox.next(); next; next = await inbox.next()) {
      await handle(next, listener, signal);
      place = next.message.lastEventId ?? place;
      renewals = 0;
    }
    socket.unsubscribe(number);
    if (signal.aborted) return { reason: 'left' };
    const { outcome } = inbox;
    if (outcome.reason === 'lost' && !socket.opened) return explain(request, signal);
    if (outcome.error?.status === 401 && request.token && renewals < 1) renewals += 1;
    else return outcome;
  }
}

function socketFor(request) {
  const address = socketAddress(request.url);
  const key = `${address} ${request.silenceMs}`;
  const token = request.token ?? NO_TOKEN;
  const ofToken = sockets.get(token) ?? new Map();
  sockets.set(token, ofToken);
  if (!ofToken.get(key)?.hasRoom) ofToken.set(key, new Socket(address, request.silenceMs, request.token));
  return ofToken.get(key);
}

async function handle({ message, text }, listener, signal) {
  for (const frame of framesOf(message, text)) {
    if (signal.aborted) return;
    await listener.frame(frame);
    listener.moved(frame.id);
  }
  if (!signal.aborted) listener.moved(message.lastEventId);
}

/** Ask why a WebSocket was not opened, which browsers do not report. @returns {Promise<Outcome>} */
async function explain(request, signal) {
  try {
    const address = socketAddress(request.url).replace(/^ws/, 'http');
    return await withPatience(request.silenceMs, signal, async (stop) => {
      const response = await fetchWithToken(address, request, { cache: 'no-store', signal: stop });
      return failure(await refusal(response, 'a WebSocket'));
    });
  } catch {
    return { reason: 'lost' };
  }
}
