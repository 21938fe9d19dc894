// Subscribe to order events: every one that matches, once and in order, or a gap that says so. Types and promises: client.d.ts.
// @ts-self-types="./client.d.ts"

import { tell } from './client.event.js';
import { follow } from './client.follow.js';
import { requestFor } from './client.request.js';
import { canShare, followShared } from './client.shared.js';
import { storedPlace } from './client.storage.js';

/**
 * Subscribe to a stream; what there is to tell comes after this returns.
 * @param {import('./client.d.ts').Options} [options]
 * @param {import('./client.d.ts').Handlers} [handlers]
 * @returns {import('./client.d.ts').Subscription}
 */
export function subscribe(options = {}, handlers = {}) {
  return new Subscription(options, handlers);
}

class Subscription {
  #handlers;
  #request;
  #follow; // on a connection that is shared, or on one of its own
  #stored;
  #place; // the id of the last event that was handled, or passed by the filter
  /** @type {import('./client.d.ts').StateName} */
  #state = 'connecting';
  #holds = new Set(); // why nothing is to be read for now
  /** Called when the last hold goes. @type {(value?: unknown) => void} */
  #released = () => {};
  #reading = new AbortController(); // ends what is being read now
  #over = new AbortController(); // ends it all

  constructor(options, handlers) {
    this.#handlers = handlers;
    this.#request = requestFor(options);
    this.#follow = options.shared !== false && canShare(this.#request) ? followShared : follow;
    this.#stored = storedPlace(options, (error) => this.#fail(error));
    this.#place = this.#stored.read() ?? this.#request.after;
    queueMicrotask(() => {
      this.#watchPage(options.pauseWhenHidden);
      this.#run();
    });
  }

  get state() {
    return this.#state;
  }

  get lastEventId() {
    return this.#place;
  }

  pause() {
    this.#hold('requested');
  }

  resume() {
    this.#release('requested');
  }

  close() {
    this.#end('requested');
  }

  async #run() {
    // One after the other: what an earlier reading still handles moves the place from which the next one goes on.
    while (!this.#over.signal.aborted) {
      if (this.#rests()) {
        await new Promise((resolve) => (this.#released = resolve));
        continue;
      }
      this.#reading = new AbortController();
      const reason = await this.#follow(this.#request, this.#follower(), this.#reading.signal);
      if (reason !== undefined) this.#end(reason);
    }
  }

  /** @returns {import('./client.follow.js').Follower} */
  #follower() {
    return {
      place: () => this.#place,
      frame: (frame) => this.#frame(frame),
      moved: (id) => this.#moved(id),
      state: (state) => this.#holds.size > 0 || this.#report(state),
      error: (error) => this.#fail(error),
    };
  }

  async #frame(frame) {
    try {
      await tell(frame, this.#handlers);
    } catch (error) {
      this.#fail(error); // it would fail again, so the event counts as handled
    }
  }

  #moved(id) {
    if (!id || id === this.#place) return;
    this.#place = id;
    this.#stored.write(id);
    if (this.#rests()) this.#reading.abort();
  }

  /** Without a place to return to, what is published from now on would be lost: the first one is waited for. */
  #rests() {
    return this.#holds.has('frozen') || (this.#holds.size > 0 && this.#place !== undefined);
  }

  #hold(reason) {
    if (this.#over.signal.aborted || this.#holds.has(reason)) return;
    this.#holds.add(reason);
    if (this.#rests()) this.#reading.abort();
    this.#report({ state: 'paused', attempt: 0, reason });
  }

  #release(reason) {
    if (!this.#holds.delete(reason) || this.#holds.size > 0) return;
    // If it has been waiting for its first place, nobody else will tell that it goes on.
    if (!this.#reading.signal.aborted) this.#report({ state: 'connecting', attempt: 0 });
    this.#released();
  }

  #end(reason) {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#reading.abort();
    this.#released();
    this.#report({ state: 'closed', attempt: 0, reason });
  }

  #report(state) {
    this.#state = state.state;
    try {
      this.#handlers.onState?.({ shared: false, ...state });
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error) {
    try {
      (this.#handlers.onError ?? console.error)(error);
    } catch (another) {
      console.error(another); // an event must not come again for it
    }
  }

  /** Read nothing while the page is in the back-forward cache, which takes none that does; nor while hidden, if asked. */
  #watchPage(pauseWhenHidden) {
    const { document } = globalThis;
    if (!document) return;
    const { signal } = this.#over;
    addEventListener('pagehide', () => this.#hold('frozen'), { signal });
    addEventListener('pageshow', () => this.#release('frozen'), { signal });
    if (!pauseWhenHidden) return;
    const look = () => (document.visibilityState === 'hidden' ? this.#hold('hidden') : this.#release('hidden'));
    document.addEventListener('visibilitychange', look, { signal });
    look();
  }
}
