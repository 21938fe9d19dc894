// The server's clock, as its answers tell it: what is stored since a time is decided by that clock and not by this machine's.

const AGREES_MS = 3_000;

export class ServerClock {
  #startedAt = Date.now() - performance.now(); // from then on this clock runs evenly, whatever is done to the machine's

  /** Hear an answer. Its Date has whole seconds and may be old by some, so a clock that agrees to within those is right. */
  hear(response) {
    const second = Date.parse(response.headers.get('Date') ?? '');
    if (Number.isNaN(second)) return;
    const now = this.now();
    if (now < second || now >= second + AGREES_MS) this.#startedAt += second - now;
  }

  now() {
    return this.at(performance.now());
  }

  /** Tell what the time was when the page had been there for so many milliseconds. */
  at(age) {
    return this.#startedAt + age;
  }
}
