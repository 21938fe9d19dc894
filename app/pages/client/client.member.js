// A tab's seat at the shared worker: it asks and is answered, and each notices when the other has died.

import { listenToNetwork } from './client.follow.js';

const PROTOCOL = 1; // a worker outlives the deployment of another version: one that speaks otherwise has another name

export class Member {
  /** Aborted when this seat is lost: left, or the worker has died, or does not start. */
  signal;

  /** Why there is no more to come, once the server has said so. @type {string | undefined} */
  over;

  /** Whether the worker has said anything. */
  answered = false;

  /** Told how the shared connection is. @type {(state: object) => void} */
  onState;

  /** @type {(error: import('./client.d.ts').StreamError) => void} */
  onError;

  #port;
  #joined;
  #lost = new AbortController();
  /** @type {{resolve: (answer: any) => void, reject: (reason: any) => void}} */
  #pending = { resolve() {}, reject() {} };

  /**
   * @param {import('./client.request.js').StreamRequest} request what the worker is to follow
   * @param {AbortSignal} signal leaves the seat
   */
  constructor(request, signal) {
    this.signal = this.#lost.signal;
    signal.addEventListener('abort', () => this.leave(), { signal: this.signal });
    try {
      this.#port = this.#openPort();
      this.#joined = this.#holdLock().then((lock) => this.#port.postMessage({ join: request, lock }));
    } catch {
      this.#lost.abort(); // workers are forbidden here
    }
  }

  /** Ask for one thing, and wait for the answer; rejects when this seat is lost. */
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

  #hear({ answer, state, error, over, alive }) {
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
    worker.port.onmessage = ({ data }) => this.#hear(data);
    const pass = ({ type }) => worker.port.postMessage({ changed: type });
    for (const name of ['online', 'offline']) listenToNetwork(name, pass, this.signal);
    return worker.port;
  }

  /** Hold a lock for as long as this seat, where there are locks; return its name once it is held, or the seat is lost. */
  #holdLock() {
    return new Promise((resolve) => {
      if (!navigator.locks) return resolve();
      const name = `orders-events ${crypto.randomUUID()}`;
      const held = () => {
        resolve(name);
        return new Promise((release) => this.signal.addEventListener('abort', release));
      };
      navigator.locks.request(name, { signal: this.signal }, held).catch(() => resolve()); // left before
    });
  }

  /** Wait for the lock that the worker holds while it lives. */
  #watch(name) {
    const given = () => this.leave();
    navigator.locks.request(name, { mode: 'shared', signal: this.signal }, given).catch(() => {}); // left before
  }
}
