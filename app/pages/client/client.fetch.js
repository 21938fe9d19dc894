// One connection to a stream with fetch.

import { EventStreamDecoder } from './client.decoder.js';
import { Inbox } from './client.inbox.js';
import { addressOf, failure, fetchStream } from './client.request.js';

/** @typedef {import('./client.request.js').StreamRequest} StreamRequest */
/** @typedef {import('./client.follow.js').Listener} Listener */
/** @typedef {import('./client.follow.js').Outcome} Outcome */

const MOST_WAITING = 4_000_000; // bytes that wait for the handlers

/**
 * Read a stream. Each event waits until the one before it has been handled. Firefox and WebKit take all that a server sends into their
 * memory, whether the page reads it or not; so the client reads on itself, and if too much waits, it ends the connection. The outcome
 * is then `behind`, once all that has been read has been handled.
 * @param {StreamRequest} request
 * @param {string | undefined} id the id to resume after
 * @param {Listener} listener
 * @param {AbortSignal} signal
 * @returns {Promise<Outcome>}
 */
export async function readByFetch(request, id, listener, signal) {
  /** @type {Inbox<Uint8Array>} */
  const inbox = new Inbox(MOST_WAITING, signal);
  receive(request, id, inbox, signal).then((outcome) => inbox.end(outcome));
  const decoder = new EventStreamDecoder(id);
  for (let bytes = await inbox.next(); bytes; bytes = await inbox.next()) {
    await handle(decoder.decode(bytes), decoder, listener, signal);
  }
  return inbox.outcome ?? { reason: 'left' };
}

/**
 * Put what the server sends into the inbox, until one of the two ends.
 * @param {StreamRequest} request
 * @param {string | undefined} id
 * @param {Inbox<Uint8Array>} inbox
 * @param {AbortSignal} signal
 * @returns {Promise<Outcome>}
 */
async function receive(request, id, inbox, signal) {
  // Not `AbortSignal.any`: WebKit forgets such a signal while only a fetch waits for it, and then goes on reading.
  const stop = new AbortController();
  signal.addEventListener('abort', () => stop.abort(), { signal: stop.signal });
  let isSilent = false;
  const giveUp = () => {
    isSilent = true;
    stop.abort();
  };
  const inTime = async (promise) => {
    const timer = setTimeout(giveUp, request.silenceMs);
    return promise.finally(() => clearTimeout(timer));
  };
  try {
    signal.throwIfAborted();
    const response = await inTime(fetchStream(addressOf(request, id), request, stop.signal));
    if (!response) return { reason: 'end', final: true };
    const reader = response.body.getReader();
    while (!inbox.outcome) {
      const { done, value } = await inTime(reader.read());
      if (done) return { reason: 'lost' };
      inbox.take(value, value.length);
    }
    return inbox.outcome;
  } catch (error) {
    return isSilent ? { reason: 'silent' } : failure(error);
  } finally {
    stop.abort(); // a connection that nobody reads would be kept, with all that it brings
  }
}

async function handle(frames, decoder, listener, signal) {
  if (decoder.retryMs !== undefined) listener.retry(decoder.retryMs);
  for (const frame of frames) {
    await listener.frame(frame);
    listener.moved(frame.id);
    if (signal.aborted) return;
  }
  listener.moved(decoder.lastEventId);
}
