// One event in the timeline of an order.

import { copyButton } from './clipboard.js';
import { copy, make, say } from './element.js';
import { hueOf, keyOf } from './types.js';
import { clockTime, inWords, lapse, nameOf } from './words.js';

/** Make the step for an event. `before`: the event before it, if there is one. */
export function step(event, before) {
  const made = copy('step');
  const { id, eventType, schemaVersion, storedAt, data } = event;
  made.dataset.id = id;
  made.dataset.hue = hueOf(eventType);
  for (const [part, text] of Object.entries({
    between: between(data?.when, before?.data?.when),
    name: nameOf(eventType),
    type: `${eventType} ${schemaVersion}`,
    when: clock(data?.when),
    stored: storedAt ? `stored ${clock(storedAt)}` : '',
    id,
  })) say(made.querySelector(`.${part}`), text);
  made.querySelector('.when').title = String(data?.when ?? '');
  made.querySelector('dl').append(...properties(data, keyOf(eventType)));
  const raw = JSON.stringify(event, null, 2);
  say(made.querySelector('pre'), raw);
  made.querySelector('.id').after(copyButton('Copy event id', id));
  made.querySelector('pre').after(copyButton('Copy data', raw));
  return made;
}

/** Return the time from one event to the next, as text; empty if one of them has none. */
function between(when, before) {
  const ms = Date.parse(when) - Date.parse(before);
  if (Number.isNaN(ms)) return '';
  return ms < 0 ? `${lapse(-ms)} earlier` : `${lapse(ms)} later`;
}

function clock(when) {
  const at = Date.parse(when);
  return Number.isNaN(at) ? String(when ?? '') : clockTime(at);
}

function properties(data, key) {
  const { [key]: _, when, ...others } = data ?? {};
  return Object.entries(others).map(([name, value]) => {
    const row = make('div');
    row.append(make('dt', '', inWords(name)), make('dd', '', typeof value === 'string' ? value : JSON.stringify(value)));
    return row;
  });
}
