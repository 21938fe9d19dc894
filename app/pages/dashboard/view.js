// Reads and writes the view, which the address of the page holds. The server checks the values.

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

/** Write the query of a view, without empty parts. */
export function writeView({ eventTypes = [], orderId = [], start = {} }) {
  const query = new URLSearchParams();
  const parts = { eventTypes: eventTypes.join(','), orderId: orderId.join(','), ...start };
  for (const [name, value] of Object.entries(parts)) if (value) query.set(name, value);
  const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
  return text ? `?${text}` : '.';
}

/** Describe in words which events a view counts. */
export function describe({ start: { since, from }, orderId }, openedAt) {
  const only = orderId.length ? `, only ${orderId.join(', ')}` : '';
  if (since) return `Counted since ${since}${only}`;
  if (from === 'earliest') return `Counted from the oldest stored event${only}`;
  return `Counted since ${dateTime(openedAt)}, when this page was opened${only}`;
}

/** Whether a view includes an event type. */
export function follows(view, type) {
  return view.eventTypes.length === 0 || view.eventTypes.includes(type);
}

/** Whether counting starts when the page is opened. */
export function startsNow({ start: { from, since } }) {
  return !since && (from ?? 'latest') === 'latest';
}
