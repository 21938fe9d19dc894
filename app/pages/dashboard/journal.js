// What became of the connection, the newest first.

import { element, make, say } from './element.js';
import { clockTime } from './words.js';

const MOST = 50;

export class Journal {
  #list = element('journal');

  /** Note something; the same again only moves its time. */
  note(text, kind = '') {
    const now = new Date();
    const newest = this.#list.firstElementChild;
    if (newest?.lastElementChild.textContent === text) return say(newest.firstElementChild, clockTime(now));
    const item = make('li', kind);
    item.append(make('time', '', clockTime(now)), make('span', '', text));
    this.#list.prepend(item);
    while (this.#list.childElementCount > MOST) this.#list.lastElementChild.remove();
  }
}
