// The numbers of events over time: those that are stored, from the log, and those that arrive, as they arrive.
//
// Stored events stand at the time at which they were stored. Now and then, and after each interruption, the log is asked again, so the
// chart agrees with the log, and a reload of the page loses nothing.

import { History } from './history.js';
import { WINDOWS } from './windows.js';

const REFRESH_MS = 60_000;
const AGAIN_MS = 5_000; // if it is not certain which of the events that arrived meanwhile were counted
const RATE_MS = 300_000;
const { spanMs: SPAN_MS, spans: SPANS } = WINDOWS['10m'];

export class Timeline {
  #api;
  #clock;
  #feed;
  #view;
  #onLoad;
  #window;
  #timer = 0;
  #arrived = null; // while the log is asked: the events that arrive
  /** The last ten minutes, from which the rates come. */
  recent = new History(SPAN_MS, SPANS);
  /** The window that is shown. */
  shown = this.recent;
  isLoaded = false;

  /** `onLoad`: called when the log has answered, and with an Error if it has not. */
  constructor(api, clock, feed, view, window, onLoad) {
    this.#api = api;
    this.#clock = clock;
    this.#feed = feed;
    this.#view = view;
    this.#window = window;
    this.#onLoad = onLoad;
  }

  /** Show another window. */
  choose(window) {
    this.#window = window;
    this.load();
  }

  /** Count an event that has arrived when it was published. */
  add(event) {
    const at = this.#clock.now();
    this.#arrived?.push({ id: event.id, type: event.type, at });
    this.#count(event.type, at);
  }

  /** Ask the log, now and then regularly. */
  async load() {
    clearTimeout(this.#timer);
    const arrived = (this.#arrived = []);
    try {
      const now = this.#clock.now();
      const { spanMs, spans } = WINDOWS[this.#window];
      const wanted = spanMs === SPAN_MS ? null : await this.#ask(spanMs && now - spanMs * (spans - 1), spanMs);
      const recent = await this.#ask(now - SPAN_MS * (SPANS - 1), SPAN_MS);
      if (arrived !== this.#arrived) return; // asked again meanwhile
      this.#replace(recent, wanted, arrived);
      this.#onLoad();
    } catch (failure) {
      if (arrived !== this.#arrived) return;
      this.#again(AGAIN_MS);
      this.#onLoad(failure);
    }
  }

  stop() {
    clearTimeout(this.#timer);
    this.#arrived = null;
  }

  /** Return how many events of a type there were in how many milliseconds: of the last five minutes, or since the first event. */
  rate(type, now) {
    const forMs = Math.min(RATE_MS, now - (this.recent.firstAt(now) ?? 0));
    const spans = Math.max(1, Math.ceil(forMs / SPAN_MS));
    const count = this.recent.counts(type, now).slice(-spans).reduce((sum, each) => sum + each, 0);
    return { count, forMs };
  }

  #ask(since, spanMs) {
    const from = since && Math.floor(since / spanMs) * spanMs;
    return this.#api.counts(this.#view, {
      since: from && new Date(from).toISOString(),
      intervalSeconds: spanMs && spanMs / 1000,
    });
  }

  #replace(recent, wanted, arrived) {
    const now = this.#clock.now();
    this.recent.load(recent.intervals, now);
    this.shown = wanted ? historyOf(wanted, this.#window, now) : this.recent;
    this.isLoaded = true;
    this.#arrived = null;
    const last = arrived.findIndex(({ id }) => id === recent.lastEventId);
    for (const { type, at } of arrived.slice(last + 1)) this.#count(type, at);
    const isExact = last >= 0 || arrived.length === 0 || this.#feed.lastEventId === recent.lastEventId;
    this.#again(isExact ? Math.max(REFRESH_MS, this.shown.spanMs) : AGAIN_MS);
  }

  #count(type, at) {
    for (const history of new Set([this.recent, this.shown])) history.add(type, at, this.#clock.now());
  }

  #again(afterMs) {
    this.#timer = setTimeout(() => this.load(), afterMs);
  }
}

function historyOf({ intervalSeconds, intervals }, window, now) {
  const spanMs = Math.max(SPAN_MS, intervalSeconds * 1000);
  const first = intervals.length ? Date.parse(intervals[0].start) : now;
  const growth = REFRESH_MS / SPAN_MS + 1; // until the log is asked again, the oldest events must not leave a window of all events
  const spans = Math.max(SPANS, Math.floor(now / spanMs) - Math.floor(first / spanMs) + 1 + growth);
  const history = new History(spanMs, WINDOWS[window].spans ?? spans);
  history.load(intervals, now);
  return history;
}
