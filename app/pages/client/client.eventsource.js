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
    return await new Promise((end) => new Reading(id, types, request, listener, signal, end));
  } catch (error) {
    return failure(error);
  }
}

/**
 * An open EventSource. It dispatches only the types that have a listener; an event of another type would be lost. So after each
 * reconnection, which may be to a newer server, the types are requested again, and events wait until they are known.
 */
class Reading {
  #id; // to resume after: it moves with the events
  #types;
  #request;
  #listener;
  #signal;
  #end;
  #source;
  #openings = 0;
  #returning = false; // whether it has lost a connection before
  #waiting; // the events that arrive while the types are requested; else undefined

  constructor(id, types, request, listener, signal, end) {
    this.#id = id;
    this.#types = types;
    this.#request = request;
    this.#listener = listener;
    this.#signal = signal;
    this.#end = end;
    this.#source = new EventSource(addressOf(request, id));
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
    const id = event.lastEventId; // empty before the first id of this EventSource, as with a `stream.closing` at the beginning
    if (id) this.#id = id;
    this.#listener.frame({ type: event.type, id, data: event.data });
    this.#listener.moved(id);
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
    if (this.#source.readyState === EventSource.CLOSED) this.#close(this.#explain());
    else if (this.#request.limit) this.#close({ reason: 'lost' }); // by itself it would ask for as many events again
    else this.#listener.lost();
  }

  /** Repeat the request with fetch, because an EventSource does not report why it was refused. @returns {Promise<Outcome>} */
  async #explain() {
    const url = addressOf(this.#request, this.#id);
    const ask = (stop) => fetchStream(url, this.#request, stop);
    const response = await withPatience(this.#request.silenceMs, this.#signal, ask);
    return response ? { reason: 'lost' } : { reason: 'end', final: true };
  }

  /** @param {Outcome | Promise<Outcome>} outcome */
  #close(outcome) {
    this.#source.close();
    this.#end(outcome);
  }
}
