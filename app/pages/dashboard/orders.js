// Shows the newest events in a table, newest first. The table and the events that wait to be shown are limited. The rows stay where
// they are while the focus is in them or the pointer moves over them.

import { element, make, say } from './element.js';
import { hueOf, keyOf, SUBJECT } from './types.js';
import { clockTime, inWords, nameOf, number } from './words.js';

const MOST = 50;
const CALM_MS = 1_000; // a row is lit when it arrives only if none has arrived for as long; else every row would always be lit
const MANY = 10; // if so many arrive within a second, the rows change once a second: nobody could read them faster
const READING_MS = 4_000; // how long after the pointer has moved over the rows they stay where they are

export class Orders {
  #rows = element('orders');
  #waiting = [];
  #newer = 0; // how many events have arrived since the rows were changed
  #changedAt = -CALM_MS;
  #pointedAt = -READING_MS;

  constructor() {
    this.#rows.addEventListener('pointermove', () => (this.#pointedAt = performance.now()));
    this.#rows.addEventListener('pointerleave', () => (this.#pointedAt = -READING_MS));
  }

  add(event) {
    this.#newer += 1;
    this.#waiting.push(event);
    if (this.#waiting.length > 2 * MOST) this.#waiting = this.#waiting.slice(-MOST);
  }

  show() {
    if (this.#waiting.length === 0) return;
    if (this.#isRead()) {
      say(element('held'), `${number(this.#newer)} newer, shown when you leave the list`);
      return;
    }
    const now = performance.now();
    if (this.#newer >= MANY && now - this.#changedAt < CALM_MS) return;
    const made = this.#waiting.slice(-MOST).reverse().map(row);
    if (this.#newer < MANY && now - this.#changedAt >= CALM_MS) for (const each of made) each.classList.add('arrived');
    this.#waiting = [];
    this.#newer = 0;
    this.#changedAt = now;
    this.#rows.prepend(...made);
    while (this.#rows.childElementCount > MOST) this.#rows.lastElementChild.remove();
    say(element('held'), '');
    element('no-orders').hidden = true;
  }

  #isRead() {
    return this.#rows.contains(document.activeElement) || performance.now() - this.#pointedAt < READING_MS;
  }
}

function row({ type, id, data }) {
  const key = keyOf(type);
  const made = make('tr');
  made.role = 'row'; // on a phone the style sheet makes it a block; for screen readers it stays a row
  made.dataset.type = type;
  made.dataset.hue = hueOf(type);
  made.dataset.id = id;
  const order = make('td', 'order');
  order.append(orderLink(data?.[key]));
  const when = make('td', 'when');
  when.append(time(data?.when));
  made.append(make('th', 'event', nameOf(type)), order, when, make('td', 'details', details(data, key)));
  made.lastElementChild.title = made.lastElementChild.textContent; // the cell shows one line of it
  made.firstElementChild.scope = 'row';
  for (const cell of made.children) cell.role = cell.localName === 'th' ? 'rowheader' : 'cell';
  return made;
}

function orderLink(orderId) {
  if (typeof orderId !== 'string') return '';
  const link = make('a', '', orderId);
  link.href = `?order=${encodeURIComponent(orderId)}`;
  link.title = `All stored events of ${SUBJECT} ${orderId}`;
  return link;
}

function time(when) {
  const at = Date.parse(when);
  const shown = make('time', '', Number.isNaN(at) ? String(when ?? '') : clockTime(at));
  if (!Number.isNaN(at)) shown.dateTime = new Date(at).toISOString();
  shown.title = String(when ?? '');
  return shown;
}

/** Return the reason and every other property, also the ones that later versions add. */
function details(data, key) {
  const { [key]: _, when, reason, ...others } = data ?? {};
  const rest = Object.entries(others).map(([name, value]) => `${inWords(name)} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [reason, ...rest].filter((part) => part !== undefined).join(' · ');
}
