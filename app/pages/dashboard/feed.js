// One sequence of order events, each once, out of one subscription after another.

import { subscribe } from '../client.js';
import { Seen } from './seen.js';
import { startsNow } from './view.js';

const OVERLAP_MS = 10_000; // clocks differ by less, as far as ServerClock can tell
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
   * Follow a view. `on` is told: event, gap, closing, state(told, before), opened(afterMs), error; `afterMs` is how long the
   * connection was lost, or null the first time. `openedAt` is when the page was opened, by the server's clock.
   */
  constructor(api, view, openedAt, on) {
    this.#api = api;
    this.#view = view;
    this.#openedAt = openedAt;
    this.#completeAt = startsNow(view) ? openedAt : null;
    this.#on = on;
    this.#open(view.start);
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

  /** Connect anew, after an id. What comes again is not told again. */
  reopen(after) {
    this.#open({ after });
  }

  /** Keep in mind that all that was stored up to a time, by the server's clock, has been received. */
  completeAt(time) {
    this.#completeAt = time;
  }

  #open(start) {
    const opening = (this.#opened += 1);
    this.#subscription?.close();
    this.#subscription = null;
    const { eventTypes, orderId } = this.#view;
    const told = (tell) => (value) => {
      if (opening === this.#opened) tell(value); // one that was closed may have more to say
    };
    this.#subscription = subscribe(
      { url: this.#api.streamUrl.href, eventTypes: some(eventTypes), orderId: some(orderId), ...start },
      {
        onEvent: told((event) => this.#event(event)),
        onGap: told((gap) => this.#gap(gap)),
        onClosing: told((closing) => this.#on.closing(closing)),
        onState: told((state) => this.#state(state)),
        onError: told((error) => this.#on.error(error)),
      },
    );
  }

  #event(event) {
    if (this.#seen.add(event.id)) this.#on.event(event);
  }

  #gap(gap) {
    this.#on.gap(gap);
    // What follows an `expired` one is newer than all that was seen. Else it is another log, from its beginning: what was
    // stored there before this page lost touch was seen here already, or is older than what the page counts.
    if (gap.reason !== 'expired') this.#openSinceComplete();
  }

  #openSinceComplete() {
    const since = new Date(Math.max(this.#openedAt, this.#completeAt - OVERLAP_MS)).toISOString();
    this.#open(this.#completeAt === null ? this.#view.start : { since });
  }

  #state(told) {
    const before = this.state;
    this.state = told.state;
    if (NOT_FOLLOWING.has(told.state)) this.#lost();
    else if (told.state === 'open' && before !== 'open') this.#found();
    if (told.state !== before || told.state === 'reconnecting') this.#on.state(told, before);
  }

  #lost() {
    if (this.#lostAt !== null) return;
    this.#lostAt = performance.now();
    // Before the first connection there is no place to return to, only a time.
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
