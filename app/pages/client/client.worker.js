// A shared worker: one connection for each distinct stream, however many tabs follow it.
//
// It keeps the last frames, numbered from 0 as they came, and a tab asks for those after the last number that it has. So a slow
// tab holds nobody up and costs nothing: when what it asks for is gone from here, it reads on in the server's log by itself.

import { follow } from './client.follow.js';

const KEPT = 1000; // frames, of each stream; a tab that is further behind than that reads the log
const MOST = 250; // frames in one answer

/** @type {Map<string, Stream>} by what they ask for */
const streams = new Map();

let network = 'online';

/** A lock that is held for as long as this worker lives: a tab that is given it knows that this is over. */
const alive = navigator.locks && lockForGood(`orders-events ${crypto.randomUUID()}`);

addEventListener('connect', (/** @type {MessageEvent} */ { ports: [port] }) => {
  let stream;
  const leave = () => stream?.leave(port);
  port.onmessage = async ({ data: { join, lock, place, next, leaving, changed } }) => {
    if (join) {
      stream = streamOf(join);
      stream.join(port);
      if (lock) navigator.locks.request(lock, leave); // given when the tab has let go of it, whatever became of the tab
      if (alive) port.postMessage({ alive: await alive });
    } else if (place) stream.tellPlace(port);
    else if (next !== undefined) stream.tellNext(port, next);
    else if (leaving) leave();
    else if (changed && changed !== network) dispatchEvent(new Event((network = changed))); // Chromium tells only pages
  };
});

class Stream {
  #key;
  #frames = [];
  #first = 0; // the number of the first of them
  #place; // the id after the last of them
  #state = { state: 'connecting', attempt: 0 };
  #members = new Set();
  #waiting = new Map(); // what ports wait for, to be tried again whenever there is something new
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

  /** Answer with the id that this stream has come to, and with the number of the frame that is next. */
  tellPlace(port) {
    if (this.#place === undefined) this.#waiting.set(port, () => this.tellPlace(port));
    else port.postMessage({ answer: { id: this.#place, next: this.#first + this.#frames.length } });
  }

  /** Answer with frames from a number on, or that they are gone. */
  tellNext(port, number) {
    const index = number - this.#first;
    if (index < 0) port.postMessage({ answer: { behind: true } });
    else if (index >= this.#frames.length) this.#waiting.set(port, () => this.tellNext(port, number));
    else port.postMessage({ answer: { frames: this.#frames.slice(index, index + MOST) } });
  }

  /** @returns {import('./client.follow.js').Follower} */
  #follower() {
    return {
      place: () => this.#place,
      frame: async (frame) => this.#take(frame),
      moved: (id) => this.#move(id),
      state: (state) => this.#tell({ state: (this.#state = state) }),
      error: ({ message, status, problem }) => this.#tell({ error: { message, status, problem } }),
    };
  }

  #take(frame) {
    this.#frames.push(frame);
    if (this.#frames.length > 2 * KEPT) {
      this.#frames.splice(0, KEPT);
      this.#first += KEPT;
    }
    this.#move(frame.id); // at once: a place and its number belong together
  }

  #move(id) {
    this.#place = id || this.#place;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const tryAgain of waiting) tryAgain();
  }

  #tell(message) {
    for (const port of this.#members) port.postMessage(message);
  }

  #end(reason) {
    if (reason !== undefined) this.#tell({ over: reason });
    this.#stop.abort();
    if (streams.get(this.#key) === this) streams.delete(this.#key);
  }
}

function streamOf(request) {
  const key = JSON.stringify([request.url, request.transport, request.headers, request.silenceMs]);
  if (!streams.has(key)) streams.set(key, new Stream(request, key));
  return streams.get(key);
}

/** Take a lock, and never let go of it; return its name once it is held. */
function lockForGood(name) {
  return new Promise((resolve) => {
    navigator.locks.request(name, () => {
      resolve(name);
      return new Promise(() => {});
    });
  });
}
