// Asks with page requests whether events are stored that the stream should have delivered.
//
// A network can fail without the browser noticing, and an EventSource hides heartbeats: it would look live and deliver nothing.

const MOST = 100; // events that one request returns
const CALM_MS = 15_000;
const EAGER_MS = 1_000;
const UNANSWERED_MS = 3_000;
const PATIENCE_MS = 10_000; // how long a connection may deliver nothing although events wait

/** Whether the stream is at fault, by its state and the number of waiting events (null if the server does not answer). */
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
  #stopped = false;
  #receivedThen = 0;
  #doubtedSince = null;
  /** How many stored events have not been received; null if that is not known. */
  waiting = null;
  checkedAt = null;

  /** `received`: returns how many events the page has received. `on`: the callbacks checked() and stalled(after). */
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

  /** Check soon, and then regularly. */
  start(afterMs = EAGER_MS) {
    this.#stopped = false;
    this.#checkAfter(afterMs);
  }

  #checkAfter(afterMs) {
    clearTimeout(this.#timer);
    if (this.#stopped) return; // perhaps while a check was under way
    this.#timer = setTimeout(() => this.#check(), afterMs);
  }

  /** Check no more. */
  stop() {
    clearTimeout(this.#timer);
    this.#stopped = true;
  }

  /** Forget the result of the last check, and check soon. */
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
    this.#checkAfter({ 0: CALM_MS, null: UNANSWERED_MS }[this.waiting] ?? EAGER_MS);
  }

  async #ask(after) {
    try {
      const { events } = await this.#api.page(this.#view, { lastEventId: after, limit: MOST });
      this.checkedAt = performance.now();
      return events.filter((event) => !this.#feed.has(event.id)).length;
    } catch {
      return null; // no answer; or a gap, which the stream will report
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
