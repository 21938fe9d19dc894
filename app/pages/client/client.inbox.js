// What a connection has brought and the handlers have not taken yet, up to a bound. No I/O.

/** @typedef {import('./client.follow.js').Outcome} Outcome */

/**
 * The pieces of a stream that wait for the handlers. If more than `most` waits, the outcome is `behind`: the connection has to end, and
 * what follows waits in the server's log until the handlers have caught up.
 * @template Piece
 */
export class Inbox {
  /** How the connection ended, once it has. @type {Outcome | undefined} */
  outcome;

  /** @type {{piece: Piece, size: number}[]} */
  #waiting = [];
  #size = 0;
  #most;
  #signal;
  /** Called when there may be something new. @type {(value?: unknown) => void} */
  #wake = () => {};

  /**
   * @param {number} most the bound, in the unit of the sizes
   * @param {AbortSignal} signal ends the reading at once: what waits is dropped
   */
  constructor(most, signal) {
    this.#most = most;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake());
  }

  /** Whether it takes what a connection brings. */
  get isOpen() {
    return !this.outcome && !this.#signal.aborted;
  }

  /**
   * @param {Piece} piece
   * @param {number} size
   */
  take(piece, size) {
    if (!this.isOpen) return;
    this.#waiting.push({ piece, size });
    this.#size += size;
    if (this.#size > this.#most) this.end({ reason: 'behind' });
    this.#wake();
  }

  /** @param {Outcome} outcome */
  end(outcome) {
    this.outcome ??= outcome;
    this.#wake();
  }

  /** Return the next piece; undefined after the last one, or if the signal is aborted. @returns {Promise<Piece | undefined>} */
  async next() {
    while (this.#waiting.length === 0 && !this.outcome && !this.#signal.aborted) {
      await new Promise((resolve) => (this.#wake = resolve));
    }
    if (this.#signal.aborted) return undefined;
    const next = this.#waiting.shift();
    this.#size -= next?.size ?? 0;
    return next?.piece;
  }
}
