// When to try again: the waits between attempts, and the network of the browser.

const FIRST_MS = 1000; // the base of the backoff until the server has sent a retry time
const LEAST_MS = 100; // the base if the server asks for no wait at all
const MOST_MS = 30_000; // a server that was down for an hour is found again within half a minute
const LONGEST_RETRY_MS = 600_000; // the longest time that our servers can ask for

/** Counts the attempts since the last event, and computes the wait before the next one. */
export class Pace {
  attempt = 0;
  #retryMs = FIRST_MS;
  #leastMs = 0; // what the server has asked for since the last attempt

  set retryMs(milliseconds) {
    this.#retryMs = Math.min(milliseconds, LONGEST_RETRY_MS);
    this.retryAfterMs = this.#retryMs;
  }

  set retryAfterMs(milliseconds) {
    this.#leastMs = Math.min(milliseconds, LONGEST_RETRY_MS);
  }

  /** Count an attempt, and return the wait before it: first the time that the server asks for; then full jitter, after that time. */
  next() {
    this.attempt += 1;
    const leastMs = this.#leastMs;
    this.#leastMs = 0;
    if (this.attempt === 1) return Math.max(leastMs, this.#retryMs); // our servers send each client another time
    const most = Math.max(MOST_MS, this.#retryMs);
    return leastMs + Math.random() * Math.min(most, Math.max(this.#retryMs, LEAST_MS) * 2 ** (this.attempt - 1));
  }
}

/** Return the state of a subscription that waits before it connects again. */
export function awayState() {
  return globalThis.navigator?.onLine === false ? 'offline' : 'reconnecting';
}

/** Listen to an event of the page or its network, if there are any: Node has none. */
export function listenToPage(name, listener, signal) {
  globalThis.addEventListener?.(name, listener, { signal });
}

/** Wait. The return of the network, or the signal, ends the wait early. */
export function sleep(milliseconds, signal) {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const woken = new AbortController();
    const wake = () => {
      clearTimeout(timer);
      woken.abort();
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    listenToPage('online', wake, woken.signal);
    signal.addEventListener('abort', wake, { signal: woken.signal });
  });
}
