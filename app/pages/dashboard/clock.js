// The server's clock, estimated from the Date of its answers. `since` is compared with that clock, not with the clock of this machine.

const AGREES_MS = 3_000;

export class ServerClock {
  #startedAt = Date.now() - performance.now(); // later changes of the machine's clock do not affect this one

  /** Compare with the Date of an answer, which has whole seconds and may be some seconds old; adjust if they differ by more. */
  adjust(response) {
    const second = Date.parse(response.headers.get('Date') ?? '');
    if (Number.isNaN(second)) return;
    const now = this.now();
    if (now < second || now >= second + AGREES_MS) this.#startedAt += second - now;
  }

  now() {
    return this.at(performance.now());
  }

  /** Return the time at which the page was `age` milliseconds old. */
  at(age) {
    return this.#startedAt + age;
  }
}
