// The messages of a WebSocket connection: the ones to send, and the frames of the ones that arrive. No I/O.

import { addressOf } from './client.request.js';

/** @typedef {import('./client.decoder.js').Frame} Frame */

const LISTS = ['eventTypes', 'orderId'];
const NOT_TEXTS = ['follow', 'limit', 'majorVersion'];
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/gs; // what is enough of JSON to find where a value begins and ends

/**
 * Return the message that begins a subscription: it has the parameters of the stream.
 * @param {import('./client.request.js').StreamRequest} request
 * @param {string | undefined} id the id to resume after
 * @param {number} subscription
 */
export function subscribeMessage(request, id, subscription) {
  const message = { type: 'subscribe', subscription };
  const query = new URL(addressOf(request, id)).searchParams;
  for (const name of query.keys()) {
    const text = query.get(name);
    if (LISTS.includes(name)) message[name] = query.getAll(name).flatMap((each) => each.split(','));
    else message[name] = NOT_TEXTS.includes(name) ? parsed(text) : text;
  }
  return message;
}

/**
 * Parse a message of the server.
 * @param {unknown} text
 * @returns {any} an object; without a `type` if it is not a message of this protocol
 */
export function messageOf(text) {
  const message = typeof text === 'string' ? parsed(text) : undefined;
  return message && typeof message === 'object' ? message : {};
}

/**
 * Return the frames of a message of a subscription, as a stream with the same events has them; none if its type is unknown.
 * @param {any} message
 * @param {string} text the same message, before it was parsed
 * @returns {Frame[]}
 */
export function framesOf({ type, subscription, lastEventId, ...message }, text) {
  switch (type) {
    case 'events': {
      const texts = dataTexts(text);
      return message.events.map(({ eventType, id }, index) => ({ type: eventType, id, data: texts[index] }));
    }
    case 'checkpoint':
      return [{ type: 'stream.checkpoint', id: lastEventId, data: '{}' }];
    case 'gap':
    case 'deprecation':
    case 'closing':
      return [{ type: `stream.${type}`, id: lastEventId ?? '', data: JSON.stringify(message) }];
    default:
      return [];
  }
}

/** Return the text of the `data` of each event, as the server wrote it: numbers such as 1.0 would not survive parsing. */
function dataTexts(text) {
  const found = [];
  let depth = 0;
  let name = '';
  let list = ''; // the name of the member that the present array is the value of
  let start = -1;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      depth += 1;
      if (depth === 2) list = name;
      if (depth === 4 && list === '"events"' && name === '"data"') start = index;
    } else if (token === '}' || token === ']') {
      if (depth === 4 && start >= 0) found.push(text.slice(start, index + 1));
      if (depth === 4) start = -1;
      depth -= 1;
    } else name = token; // or a text that is a value: the name of the next value follows it
  }
  return found;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
