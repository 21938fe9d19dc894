// One connection to a stream with an EventSource, which reconnects by itself with its last id until it gives up.

import { withPatience } from './client.patience.js';
import { addressOf, failure, fetchEventTypes, fetchStream } from './client.request.js';

/** @typedef {import('./client.request.js').StreamRequest} StreamRequest */
/** @typedef {import('./client.follow.js').Listener} Listener */
/** @typedef {import('./client.follow.js').Outcome} Outcome */

const CONTROL_TYPES = ['stream.checkpoint', 'stream.gap', 'stream.deprecation', 'stream.closing'];

/**
 * Read a stream.
 * @param {StreamRequest} request
 * @param {string | undefined} id the id to resume after
 * @param {Listener} listener
 * @param {AbortSignal} signal
 * @returns {Promise<Outcome>}
 */
export async function readByEventSource(request, id, listener, signal) {
  try {
    const types = request.eventTypes ?? (await fetchEventTypes(request, signal));
    signal.throwIfAborted();
    const url = addressOf(request, id);
    const outcome = await new Promise((end) => new Reading(url, types, request, listener, signal, end));
    return outcome ?? (await explain(url, request, signal));
  } catch (error) {
    return failure(error);
  }
}

/**
 * An open EventSource. It dispatches only the types that have a listener; an event of another type would be lost. So after each
 * reconnection, which may be to a newer server, the types are requested again, and events wait until they are known.
 */
class Reading {
  #types;
  #request;
  #listener;
  #signal;
  #end;
  #source;
  #openings = 0;
  #returning = false; // whether it has lost a connection before
  #waiting; // the events that arrive while the types are requested; else undefined

  constructor(url, types, request, listener, signal, end) {
    this.#types = types;
    this.#request = request;
    this.#listener = listener;
    this.#signal = signal;
    this.#end = end;
    this.#source = new EventSource(url);
    // An event of the stream is a MessageEvent, even if its type is `open` or `error`.
    const handle = (event) => event instanceof MessageEvent && this.#handle(event);
    for (const type of new Set([...types, ...CONTROL_TYPES, 'message'])) this.#source.addEventListener(type, handle);
    this.#source.addEventListener('open', (event) => event instanceof MessageEvent || this.#opened());
    this.#source.addEventListener('error', (event) => event instanceof MessageEvent || this.#failed());
    signal.addEventListener('abort', () => this.#close({ reason: 'left' }), { once: true });
  }

  #handle(event) {
    if (this.#waiting) {
      this.#waiting.push(event);
      return;
    }
    this.#listener.frame({ type: event.type, id: event.lastEventId, data: event.data });
    this.#listener.moved(event.lastEventId);
  }

  #opened() {
    this.#openings += 1;
    if (!this.#returning || this.#request.eventTypes) return;
    this.#waiting ??= [];
    this.#compareTypes(this.#openings);
  }

  async #compareTypes(opening) {
    const outcome = await this.#checkTypes();
    if (opening !== this.#openings) return; // it has reconnected meanwhile, and the types have been requested again
    if (!outcome) this.#stopWaiting();
    else if (this.#source.readyState === EventSource.OPEN) this.#close(outcome);
  }

  /** @returns {Promise<Outcome | undefined>} the reason to close this connection, if there is one */
  async #checkTypes() {
    try {
      const types = await fetchEventTypes(this.#request, this.#signal);
      return types.every((type) => this.#types.includes(type)) ? undefined : { reason: 'event types' };
    } catch (error) {
      return failure(error);
    }
  }

  #stopWaiting() {
    const events = this.#waiting;
    this.#waiting = undefined;
    for (const event of events) {
      if (this.#source.readyState !== EventSource.CLOSED) this.#handle(event);
    }
  }

  #failed() {
    this.#returning = true;
    if (this.#source.readyState === EventSource.CLOSED) this.#close(undefined);
    else if (this.#request.limit) this.#close({ reason: 'lost' }); // by itself it would ask for as many events again
    else this.#listener.lost();
  }

  #close(outcome) {
    this.#source.close();
    this.#end(outcome);
  }
}

/** Repeat the request with fetch, because an EventSource does not report why it was refused. */
async function explain(url, request, signal) {
  const response = await withPatience(request.silenceMs, signal, (stop) => fetchStream(url, request, stop));
  return response ? { reason: 'lost' } : { reason: 'end', final: true };
}
