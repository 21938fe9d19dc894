// Draw at most once a frame, however much there is to show. A page that is hidden gets no frames, so there it is after a while.

const HIDDEN_MS = 1_000;

export class Frames {
  #draw;
  #asked = false;

  constructor(draw) {
    this.#draw = draw;
    // A frame that was asked for in sight comes only when the page is back.
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
