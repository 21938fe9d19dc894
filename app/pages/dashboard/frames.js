// Draws at most once per frame of the browser, however many changes there are. A hidden page gets no frames and draws after a delay.

const HIDDEN_MS = 1_000;

export class Frames {
  #draw;
  #asked = false;

  constructor(draw) {
    this.#draw = draw;
    // If the page is hidden before a requested frame, the frame comes only when the page is visible again.
    document.addEventListener('visibilitychange', () => this.#now());
  }

  /** Draw soon. */
  ask() {
    if (this.#asked) return;
    this.#asked = true;
    if (document.hidden) setTimeout(() => this.#now(), HIDDEN_MS);
    else requestAnimationFrame(() => this.#now());
  }

  #now() {
    this.#asked = false;
    this.#draw();
  }
}
