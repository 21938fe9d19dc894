// A tab's link to the shared worker: requests, responses, and detection of the end of either side.

import { listenToPage } from './client.pace.js';

const PROTOCOL = 1; // a worker outlives the deployment of another version, so a worker with another protocol needs another name

export class Member {
  /** Aborted when this link ends: the tab has left, or the worker has died or did not start. */
  signal;

  /** The reason for the end of the stream, once there is one. @type {string | undefined} */
  over;

  /** Whether the worker has sent anything. */
  answered = false;

  /** Called with the state of the shared connection. @type {(state: object) => void} */
  onState;

  /** @type {(error: import('./client.d.ts').StreamError) => void} */
  onError;

  #port;
  #joined;
  #lost = new AbortController();
  /** @type {{resolve: (answer: any) => void, reject: (reason: any) => void}} */
  #pending = { resolve() {}, reject() {} };

  /**
   * @param {import('./client.request.js').StreamRequest} request the stream for the worker to follow
   * @param {AbortSignal} signal ends the link
   */
  constructor(request, signal) {
    this.signal = this.#lost.signal;
    signal.addEventListener('abort', () => this.leave(), { signal: this.signal });
    try {
      this.#port = this.#openPort();
      this.#joined = this.#holdLock().then((lock) => this.#port.postMessage({ join: request, lock }));
      this.#expectAnswer(request.silenceMs);
    } catch {
      this.#lost.abort(); // the page may not start workers
    }
  }

  /** Send a request, and wait for the response. Rejects if this link ends. */
  async ask(question) {
    await this.#joined;
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) return reject(this.signal.reason);
      this.#pending = { resolve, reject };
      this.#port.postMessage(question);
    });
  }

  leave() {
    if (this.signal.aborted) return;
    this.#port.postMessage({ leaving: true });
    this.#lost.abort();
    this.#port.close();
    this.#pending.reject(this.signal.reason);
  }

  /** Leave a worker that has not answered in time: not every worker that fails to start reports an error. */
  #expectAnswer(silenceMs) {
    const timer = setTimeout(() => this.answered || this.leave(), silenceMs);
    this.signal.addEventListener('abort', () => clearTimeout(timer));
  }

  #receive({ answer, state, error, over, alive }) {
    this.answered = true;
    if (answer) this.#pending.resolve(answer);
    else if (state) this.onState(state);
    else if (error) this.onError(Object.assign(new Error(error.message), error));
    else if (over) this.#finish(over);
    else if (alive) this.#watch(alive);
  }

  #finish(reason) {
    this.over = reason;
    this.leave();
  }

  #openPort() {
    const url = new URL('./client.worker.js', import.meta.url);
    const worker = new SharedWorker(url, { type: 'module', name: `orders-events ${PROTOCOL}` });
    worker.addEventListener('error', () => this.leave());
    worker.port.onmessage = ({ data }) => this.#receive(data);
    const pass = ({ type }) => worker.port.postMessage({ changed: type });
    for (const name of ['online', 'offline']) listenToPage(name, pass, this.signal);
    return worker.port;
  }

  /** Hold a lock as long as this link, if there are locks. Return its name once it is held, or the link has ended. */
  #holdLock() {
    return new Promise((resolve) => {
      if (!navigator.locks) return resolve();
      const name = `orders-events ${crypto.randomUUID()}`;
      const held = () => {
        resolve(name);
        return new Promise((release) => this.signal.addEventListener('abort', release));
      };
      navigator.locks.request(name, { signal: this.signal }, held).catch(() => resolve()); // the link ended first
    });
  }

  /** Wait for the lock that the worker holds as long as it lives. */
  #watch(name) {
    const given = () => this.leave();
    navigator.locks.request(name, { mode: 'shared', signal: this.signal }, given).catch(() => {}); // the link ended first
  }
}
