// Ask, by another way than the stream, for what the stream should have brought.
//
// A network can die without telling the browser, and an EventSource shows no heartbeats: it would look live and bring nothing.

const MOST = 100; // events that one question brings back
const CALM_MS = 15_000;
const EAGER_MS = 1_000;
const UNANSWERED_MS = 3_000;
const PATIENCE_MS = 10_000; // with a connection that brings nothing

/** What is wrong, by the state of the stream: so many events wait, or none (0), or the server does not answer (null). */
const IS_WRONG = {
  open: (waiting) => waiting !== 0,
  connecting: () => true,
  reconnecting: (waiting) => waiting !== null, // the server answers, so the stream should be there
};

export class Freshness {
  #api;
  #clock;
  #feed;
  #view;
  #received;
  #on;
  #timer = 0;
  #receivedThen = 0;
  #doubtedSince = null;
  /** How many events wait to be received; null where that is not known. */
  waiting = null;
  checkedAt = null;

  /** `on` is told: checked(), stalled(after). `received()` says how many events the page has received. */
  constructor(api, clock, feed, view, received, on) {
    this.#api = api;
    this.#clock = clock;
    this.#feed = feed;
    this.#view = view;
    this.#received = received;
    this.#on = on;
  }

  get isFull() {
    return this.waiting >= MOST;
  }

  /** Check soon, and from then on again and again. */
  start(afterMs = EAGER_MS) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), afterMs);
  }

  /** Know nothing, until the next check. */
  doubt() {
    this.waiting = null;
    this.#doubtedSince = null;
    this.start();
  }

  async #check() {
    const after = this.#feed.lastEventId;
    if (after !== null) {
      const askedAt = this.#clock.now();
      this.waiting = await this.#ask(after);
      if (this.waiting === 0) this.#feed.completeAt(askedAt);
      this.#judge(after);
      this.#on.checked();
    }
    this.start({ 0: CALM_MS, null: UNANSWERED_MS }[this.waiting] ?? EAGER_MS);
  }

  async #ask(after) {
    try {
      const { events } = await this.#api.page(this.#view, { lastEventId: after, limit: MOST });
      this.checkedAt = performance.now();
      return events.filter((event) => !this.#feed.has(event.id)).length;
    } catch {
      return null; // no answer, or the log has lost the place, of which the stream will tell
    }
  }

  #judge(after) {
    const moves = this.#received() !== this.#receivedThen;
    this.#receivedThen = this.#received();
    const { state } = this.#feed;
    if (moves || !IS_WRONG[state]?.(this.waiting)) {
      this.#doubtedSince = null;
      return;
    }
    this.#doubtedSince ??= performance.now();
    if (performance.now() - this.#doubtedSince < PATIENCE_MS) return;
    this.#doubtedSince = null;
    this.#on.stalled(after);
  }
}
