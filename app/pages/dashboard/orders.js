// Shows the newest order events in a table, newest first. The table and the events that wait to be shown are limited.

import { element, make } from './element.js';
import { writeView } from './view.js';
import { clockTime, inWords, nameOf } from './words.js';

const MOST = 50;

export class Orders {
  #rows = element('orders');
  #waiting = [];

  add(event) {
    this.#waiting.push(event);
    if (this.#waiting.length > 2 * MOST) this.#waiting = this.#waiting.slice(-MOST);
  }

  show(hueOf) {
    if (this.#waiting.length === 0) return;
    const rows = this.#waiting.slice(-MOST).reverse().map((event) => row(event, hueOf(event.type)));
    this.#waiting = [];
    this.#rows.prepend(...rows);
    while (this.#rows.childElementCount > MOST) this.#rows.lastElementChild.remove();
    element('no-orders').hidden = true;
  }
}

function row({ type, id, data }, hue) {
  const made = make('tr');
  made.role = 'row'; // on a phone the style sheet makes it a block; for screen readers it stays a row
  made.dataset.type = type;
  made.dataset.hue = hue;
  made.dataset.id = id;
  const order = make('td', 'order');
  order.append(orderLink(data?.orderId));
  const when = make('td', 'when');
  when.append(time(data?.when));
  made.append(make('th', 'event', nameOf(type)), order, when, make('td', 'details', details(data)));
  made.firstElementChild.scope = 'row';
  for (const cell of made.children) cell.role = cell.localName === 'th' ? 'rowheader' : 'cell';
  return made;
}

function orderLink(orderId) {
  if (typeof orderId !== 'string') return '';
  const link = make('a', '', orderId);
  link.href = writeView({ orderId: [orderId], start: { from: 'earliest' } });
  link.title = 'All stored events of this order';
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
function details({ orderId, when, reason, ...others } = {}) {
  const rest = Object.entries(others).map(([name, value]) => `${inWords(name)} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [reason, ...rest].filter((part) => part !== undefined).join(' · ');
}
