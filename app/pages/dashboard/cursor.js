// A line in the chart that shows the numbers of one moment: under the pointer, or, while it has the focus, moved by the arrow keys.

import { element, set } from './element.js';

const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity };

export class Cursor {
  #line = element('cursor');
  #read;
  #spans = 0;
  #back = null; // how many spans before now the line stands, so it stays at its place while time passes

  /** `read`: called with the index of a span, or null if there is no line; returns the text for it. */
  constructor(read) {
    this.#read = read;
    this.#line.addEventListener('pointermove', (event) => this.#point(event));
    this.#line.addEventListener('pointerleave', () => document.activeElement === this.#line || this.#move(null));
    this.#line.addEventListener('focus', () => this.#move(this.#back ?? 0));
    this.#line.addEventListener('blur', () => this.#move(null));
    this.#line.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Show the line again, in a chart of so many spans. */
  show(spans) {
    this.#spans = spans;
    const index = this.#back === null ? null : Math.max(0, spans - 1 - this.#back);
    const text = this.#read(index);
    this.#line.classList.toggle('on', index !== null);
    if (index !== null) this.#line.style.setProperty('--at', (index + 0.5) / spans);
    set(this.#line, 'aria-valuemax', String(spans));
    set(this.#line, 'aria-valuenow', String((index ?? spans - 1) + 1));
    set(this.#line, 'aria-valuetext', text);
  }

  #point({ clientX }) {
    const { left, width } = this.#line.getBoundingClientRect();
    this.#move(this.#spans - 1 - Math.floor(((clientX - left) / width) * this.#spans));
  }

  #key(event) {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#move(this.#back - step);
  }

  #move(back) {
    this.#back = back === null ? null : Math.min(Math.max(0, back), this.#spans - 1);
    if (this.#spans) this.show(this.#spans);
  }
}
