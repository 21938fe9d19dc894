// Subscribe to order events: each one that matches, once and in order, or a gap that says so. Types and promises: client.d.ts.
// @ts-self-types="./client.d.ts"

import { callHandler } from './client.event.js';
import { follow } from './client.follow.js';
import { requestFor } from './client.request.js';
import { canShare, followShared } from './client.shared.js';
import { storedPlace } from './client.storage.js';

/**
 * Subscribe to a stream. Handlers are first called after this has returned.
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
  #follow; // the function that follows the stream: on a shared connection, or on an own one
  #stored;
  #place; // the id of the last event that was handled, or skipped by the filter
  #left; // how many events the `limit` still allows; undefined without one
  /** @type {import('./client.d.ts').StateName} */
  #state = 'connecting';
  #told = new Set(); // the deprecations that were handled: each connection brings them
  #holds = new Set(); // the reasons why it is paused
  /** Called when the last of these reasons is removed. @type {(value?: unknown) => void} */
  #released = () => {};
  #reading = new AbortController(); // ends the present reading
  #over = new AbortController(); // ends the subscription

  constructor(options, handlers) {
    this.#handlers = handlers;
    this.#request = requestFor(options);
    this.#follow = options.shared !== false && canShare(this.#request) ? followShared : follow;
    this.#stored = storedPlace(options, (error) => this.#fail(error));
    this.#place = this.#stored.read() ?? this.#request.after;
    this.#left = this.#request.limit;
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
    // One reading after the other: the handlers of an earlier one may still move the place where the next one begins.
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
      left: () => this.#left,
      frame: (frame) => this.#frame(frame),
      moved: (id) => this.#moved(id),
      state: (state) => this.#holds.size > 0 || this.#report(state),
      error: (error) => this.#fail(error),
    };
  }

  async #frame(frame) {
    if (frame.type === 'stream.deprecation') {
      if (this.#told.has(frame.data)) return;
      this.#told.add(frame.data);
    }
    if (this.#left !== undefined && !frame.type.startsWith('stream.')) this.#left -= 1;
    try {
      await callHandler(frame, this.#handlers);
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

  /** Whether to read nothing. Without a place, events would be lost during a pause, so it begins when the first one is known. */
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
    // If it was still waiting for its first place, it is still reading, and would not report a state by itself.
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
      console.error(another); // an error in the error handler must not deliver the event again
    }
  }

  /**
   * Pause while the page is in the back-forward cache, which does not take pages that read; if asked for, pause while it is hidden.
   */
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
