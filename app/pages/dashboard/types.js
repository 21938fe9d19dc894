// The event types that are known, in the order of the contract, and the colour of each. The order and the colours are the same on all
// pages, because they come from the document; a type that a newer server adds is placed after the others.

import { element } from './element.js';

const { order, keys, subject } = element('content').dataset;
const documented = order.split(' ');
const keyNames = JSON.parse(keys);
const known = new Set();

/** Return all known types, in order. */
export const allTypes = () => [...known].sort((one, other) => placeOf(one) - placeOf(other));

/** Add types, and return whether any of them is new. */
export function addTypes(types) {
  const before = known.size;
  for (const type of types) {
    known.add(type);
    if (!documented.includes(type)) documented.push(type);
  }
  return known.size > before;
}

/** Return the number of a type's colour in the style sheet. */
export const hueOf = (type) => placeOf(type);

/** What the events are about, in words: `order`. */
export const SUBJECT = subject;

/** Return the property of a type's data that the parameter `orderId` filters by. */
export const keyOf = (type) => keyNames[type] ?? Object.values(keyNames)[0];

function placeOf(type) {
  return documented.indexOf(type);
}
