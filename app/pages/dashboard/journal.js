// Lists what happened to the connection, newest first.

import { element, make, say } from './element.js';
import { clockTime } from './words.js';

const MOST = 50;

export class Journal {
  #list = element('journal');

  /** Add an entry. If it is the same as the newest one, only its time changes. */
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
