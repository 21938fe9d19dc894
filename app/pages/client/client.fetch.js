// One connection to a stream with fetch.

import { EventStreamDecoder } from './client.decoder.js';
import { addressOf, failure, fetchStream } from './client.request.js';

/** @typedef {import('./client.request.js').StreamRequest} StreamRequest */
/** @typedef {import('./client.follow.js').Listener} Listener */
/** @typedef {import('./client.follow.js').Outcome} Outcome */

/**
 * Read a stream. The next bytes are read after all events in the last ones have been handled, so a slow handler slows the server's
 * sending, and only one chunk is kept in memory.
 * @param {StreamRequest} request
 * @param {string | undefined} id the id to resume after
 * @param {Listener} listener
 * @param {AbortSignal} signal
 * @returns {Promise<Outcome>}
 */
export async function readByFetch(request, id, listener, signal) {
  const silence = new AbortController();
  const stop = AbortSignal.any([signal, silence.signal]);
  const inTime = async (promise) => {
    const timer = setTimeout(() => silence.abort(), request.silenceMs);
    return promise.finally(() => clearTimeout(timer));
  };
  try {
    const response = await inTime(fetchStream(addressOf(request, id), request, stop));
    if (!response) return { reason: 'end', final: true };
    const reader = response.body.getReader();
    const decoder = new EventStreamDecoder(id);
    for (;;) {
      const { done, value } = await inTime(reader.read());
      if (done) return { reason: 'lost' };
      await handle(decoder.decode(value), decoder, listener, stop);
    }
  } catch (error) {
    return silence.signal.aborted ? { reason: 'silent' } : failure(error);
  }
}

async function handle(frames, decoder, listener, stop) {
  if (decoder.retryMs !== undefined) listener.retry(decoder.retryMs);
  for (const frame of frames) {
    await listener.frame(frame);
    listener.moved(frame.id);
    stop.throwIfAborted();
  }
  listener.moved(decoder.lastEventId);
}
