// The server's clock, as its answers tell it: what is stored since a time is decided by that clock and not by this machine's.

const AGREES_MS = 3_000;

export class ServerClock {
  #aheadMs = 0;

  /** Hear an answer. Its Date has whole seconds and may be old by some, so a clock that agrees to within those is right. */
  hear(response) {
    const second = Date.parse(response.headers.get('Date') ?? '');
    if (Number.isNaN(second)) return;
    const here = Date.now();
    this.#aheadMs = here >= second && here < second + AGREES_MS ? 0 : second - here;
  }

  now() {
    return Date.now() + this.#aheadMs;
  }

  /** Translate a time of this machine. */
  from(here) {
    return here + this.#aheadMs;
  }
}
