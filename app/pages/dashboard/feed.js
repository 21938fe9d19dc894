// Turns one subscription after another into one sequence of order events, each once.

import { subscribe } from '../client.js';
import { Seen } from './seen.js';
import { startsNow } from './view.js';

const OVERLAP_MS = 10_000; // more than the error of ServerClock
const MAY_PASS = new Set([401, 408, 425, 429]); // statuses of refusals that may end without another address
const NOT_FOLLOWING = new Set(['reconnecting', 'offline', 'closed']);

export class Feed {
  #api;
  #view;
  #on;
  #openedAt;
  #subscription = null;
  #opened = 0;
  #seen = new Seen();
  #completeAt;
  #lostAt = null;
  #everOpen = false;
  state = 'connecting';

  /**
   * Follow a view.
   * `start`: where to begin: that of the view, or after the events that were counted before the page was loaded again.
   * `openedAt`: when the page was opened, by the server's clock.
   * `on`: the callbacks event, gap, closing, state(current, before), opened(afterMs) and error. `afterMs` is how long the
   * connection was lost, or null the first time.
   */
  constructor(api, view, openedAt, on, start) {
    this.#api = api;
    this.#view = view;
    this.#openedAt = openedAt;
    this.#completeAt = startsNow(view) ? openedAt : null;
    this.#on = on;
    this.#open(start);
  }

  get lastEventId() {
    return this.#subscription?.lastEventId || null;
  }

  has(id) {
    return this.#seen.has(id);
  }

  pause() {
    this.#subscription.pause();
  }

  resume() {
    this.#subscription.resume();
  }

  /** Open a new connection that starts after an id. Events that arrive a second time are dropped. */
  reopen(after) {
    this.#open({ after });
  }

  /** Connect now, if there is no connection. */
  tryNow() {
    if (this.state === 'open') return;
    if (this.lastEventId) this.reopen(this.lastEventId);
    else this.#openSinceComplete();
  }

  /** Note that every event that was stored before a time, by the server's clock, has been received. */
  completeAt(time) {
    this.#completeAt = time;
  }

  #open(start) {
    const opening = (this.#opened += 1);
    this.#subscription?.close();
    this.#subscription = null;
    const { eventTypes, orderId } = this.#view;
    const ifCurrent = (handle) => (value) => {
      if (opening === this.#opened) handle(value); // a closed subscription may still call back
    };
    this.#subscription = subscribe(
      { url: this.#api.streamUrl.href, eventTypes: some(eventTypes), orderId: some(orderId), ...start },
      {
        onEvent: ifCurrent((event) => this.#event(event)),
        onGap: ifCurrent((gap) => this.#gap(gap)),
        onClosing: ifCurrent((closing) => this.#on.closing(closing)),
        onState: ifCurrent((state) => this.#state(state)),
        onError: ifCurrent((error) => this.#error(error)),
      },
    );
  }

  #event(event) {
    if (this.#seen.add(event.id)) this.#on.event(event);
  }

  #gap(gap) {
    this.#on.gap(gap);
    // After an `expired` gap all events are newer than the ones that were received. After any other gap the stream is another
    // log from its beginning: events that it stored before this page was disconnected were received here already, or are too old
    // to be counted.
    if (gap.reason !== 'expired') this.#openSinceComplete();
  }

  #openSinceComplete() {
    const since = new Date(Math.max(this.#openedAt, this.#completeAt - OVERLAP_MS)).toISOString();
    this.#open(this.#completeAt === null ? this.#view.start : { since });
  }

  #state(current) {
    const before = this.state;
    this.state = current.state;
    if (NOT_FOLLOWING.has(current.state)) this.#lost();
    else if (current.state === 'open' && before !== 'open') this.#found();
    if (current.state !== before || current.state === 'reconnecting') this.#on.state(current, before);
  }

  #error(error) {
    this.#on.error(error);
    if (!(error.status >= 400 && error.status < 500) || MAY_PASS.has(error.status)) return;
    this.#opened += 1; // nothing more is expected of this subscription
    this.#subscription.close();
    this.#state({ state: 'closed', reason: 'refused' });
  }

  #lost() {
    if (this.#lostAt !== null) return;
    this.#lostAt = performance.now();
    // Before the first connection there is no id to resume after, only a time.
    if (this.lastEventId === null && startsNow(this.#view)) this.#openSinceComplete();
  }

  #found() {
    const lostAt = this.#lostAt;
    this.#lostAt = null;
    if (!this.#everOpen) this.#on.opened(null);
    else if (lostAt !== null) this.#on.opened(performance.now() - lostAt);
    this.#everOpen = true;
  }
}

const some = (values) => (values.length ? values : undefined);
