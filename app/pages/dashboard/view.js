// What is shown, as the address of the page says it; the server judges the values.

import { dateTime } from './words.js';

const list = (query, name) => query.getAll(name).flatMap((value) => value.split(',')).map((value) => value.trim()).filter(Boolean);

/** Read `?eventTypes=…&orderId=…&from=…&since=…`. */
export function readView(search) {
  const query = new URLSearchParams(search);
  return {
    eventTypes: list(query, 'eventTypes'),
    orderId: list(query, 'orderId'),
    start: { from: query.get('from') || undefined, since: query.get('since') || undefined },
  };
}

/** Write the query of a view: empty parts are left out. */
export function writeView({ eventTypes = [], orderId = [], start = {} }) {
  const query = new URLSearchParams();
  const parts = { eventTypes: eventTypes.join(','), orderId: orderId.join(','), ...start };
  for (const [name, value] of Object.entries(parts)) if (value) query.set(name, value);
  const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  return text ? `?${text}` : '.';
}

/** Say what the counts of a view are counts of. */
export function describe({ start: { since, from }, orderId }, openedAt) {
  const only = orderId.length ? `, only ${orderId.join(', ')}` : '';
  if (since) return `Counted since ${since}${only}`;
  if (from === 'earliest') return `Counted from the oldest event that is kept${only}`;
  return `Counted since ${dateTime(openedAt)}, when this page was opened${only}`;
}

/** Whether events of a type are followed. */
export function follows(view, type) {
  return view.eventTypes.length === 0 || view.eventTypes.includes(type);
}

/** Whether counting starts at the opening of the page. */
export function startsNow({ start: { from, since } }) {
  return !since && (from ?? 'latest') === 'latest';
}
