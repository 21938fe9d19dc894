// Draws at once if nothing was drawn lately, and at most four times a second, however many changes there are. A hidden page gets no
// animation frames and draws after a delay.

const LEAST_MS = 250;
const HIDDEN_MS = 1_000;

export class Frames {
  #draw;
  #asked = false;
  #drawnAt = -LEAST_MS;

  constructor(draw) {
    this.#draw = draw;
    // If the page is hidden before a requested frame, the frame comes only when the page is visible again.
    document.addEventListener('visibilitychange', () => this.#now());
  }

  /** Draw soon. */
  ask() {
    if (this.#asked) return;
    this.#asked = true;
    const wait = document.hidden ? HIDDEN_MS : this.#drawnAt + LEAST_MS - performance.now();
    if (wait > 0) setTimeout(() => this.#now(), wait);
    else requestAnimationFrame(() => this.#now());
  }

  #now() {
    this.#asked = false;
    this.#drawnAt = performance.now();
    this.#draw();
  }
}
