// A shared worker: one connection for each distinct stream, however many tabs follow it.
//
// It keeps the last frames, numbered from 0 in their order, and a tab asks for the frames from a number on. So a slow tab delays no
// other tab and costs nothing: if its frames are no longer kept, it reads them from the server's log by itself.

import { follow } from './client.follow.js';

const KEPT = 1000; // frames, of each stream; a tab that is further behind reads the log
const MOST = 250; // frames in one response

/** @type {Map<string, Stream>} by the text of their request */
const streams = new Map();

let network = 'online';

/** A lock that this worker holds as long as it lives: a tab that gets it knows that the worker has ended. */
const alive = navigator.locks && lockForGood(`orders-events ${crypto.randomUUID()}`);

addEventListener('connect', (/** @type {MessageEvent} */ { ports: [port] }) => {
  let stream;
  const leave = () => stream?.leave(port);
  port.onmessage = async ({ data: { join, lock, place, next, leaving, changed } }) => {
    if (join) {
      stream = streamOf(join);
      stream.join(port);
      if (lock) navigator.locks.request(lock, leave); // granted when the tab releases it, however the tab ends
      if (alive) port.postMessage({ alive: await alive });
    } else if (place) stream.sendPlace(port);
    else if (next !== undefined) stream.sendNext(port, next);
    else if (leaving) leave();
    else if (changed && changed !== network) dispatchEvent(new Event((network = changed))); // Chromium reports it only to pages
  };
});

class Stream {
  #key;
  #frames = [];
  #first = 0; // the number of the first frame
  #place; // the id to resume after, once the last frame has been handled
  #state = { state: 'connecting', attempt: 0 };
  #members = new Set();
  #waiting = new Map(); // by port: the response to try again when a frame arrives
  #stop = new AbortController();

  constructor(request, key) {
    this.#key = key;
    follow(request, this.#follower(), this.#stop.signal).then((reason) => this.#end(reason));
  }

  join(port) {
    this.#members.add(port);
    port.postMessage({ state: this.#state });
  }

  leave(port) {
    this.#waiting.delete(port);
    if (this.#members.delete(port) && this.#members.size === 0) this.#end();
  }

  /** Respond with the id that this stream has reached, and the number of the next frame. */
  sendPlace(port) {
    if (this.#place === undefined) this.#waiting.set(port, () => this.sendPlace(port));
    else port.postMessage({ answer: { id: this.#place, next: this.#first + this.#frames.length } });
  }

  /** Respond with the frames from a number on, or report that they are no longer kept. */
  sendNext(port, number) {
    const index = number - this.#first;
    if (index < 0) port.postMessage({ answer: { behind: true } });
    else if (index >= this.#frames.length) this.#waiting.set(port, () => this.sendNext(port, number));
    else port.postMessage({ answer: { frames: this.#frames.slice(index, index + MOST) } });
  }

  /** @returns {import('./client.follow.js').Follower} */
  #follower() {
    return {
      place: () => this.#place,
      left: () => undefined,
      frame: async (frame) => this.#take(frame),
      moved: (id) => this.#move(id),
      state: (state) => this.#broadcast({ state: (this.#state = state) }),
      error: ({ message, status, problem }) => this.#broadcast({ error: { message, status, problem } }),
    };
  }

  #take(frame) {
    this.#frames.push(frame);
    if (this.#frames.length > 2 * KEPT) {
      this.#frames.splice(0, KEPT);
      this.#first += KEPT;
    }
    this.#move(frame.id); // at once: the id and the number of a frame belong together
  }

  #move(id) {
    this.#place = id || this.#place;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const tryAgain of waiting) tryAgain();
  }

  #broadcast(message) {
    for (const port of this.#members) port.postMessage(message);
  }

  #end(reason) {
    if (reason !== undefined) this.#broadcast({ over: reason });
    this.#stop.abort();
    if (streams.get(this.#key) === this) streams.delete(this.#key);
  }
}

function streamOf(request) {
  const key = JSON.stringify([request.url, request.transport, request.headers, request.silenceMs]);
  if (!streams.has(key)) streams.set(key, new Stream(request, key));
  return streams.get(key);
}

/** Take a lock, and never release it. Return its name once it is held. */
function lockForGood(name) {
  return new Promise((resolve) => {
    navigator.locks.request(name, () => {
      resolve(name);
      return new Promise(() => {});
    });
  });
}
