// The forms in which a reader chooses a view or an order. They open the address of it.

import { element, make } from './element.js';
import { writeView } from './view.js';
import { nameOf } from './words.js';

/** Show a view in the form, with these types to choose from. */
export function offer(view, types) {
  element('view-types').replaceChildren(...types.map((type) => choice(type, view.eventTypes.includes(type))));
  element('view-orders').value = view.orderId.join(', ');
  element('view-from').value = view.start.from === 'earliest' ? 'earliest' : '';
  const parts = [...view.eventTypes.map(nameOf), ...view.orderId];
  element('choose').textContent = parts.length ? `Filter: ${parts.length > 2 ? `${parts.length} set` : parts.join(', ')}` : 'Filter';
}

element('find').addEventListener('submit', (event) => {
  event.preventDefault();
  location.assign(`?order=${encodeURIComponent(new FormData(event.target).get('order').trim())}`);
});

element('view').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const types = form.getAll('eventTypes');
  location.assign(writeView({
    eventTypes: types.length === element('view-types').childElementCount ? [] : types,
    orderId: form.get('orderId').split(/[\s,]+/).filter(Boolean),
    start: { from: form.get('from') },
  }));
});

function choice(type, checked) {
  const box = make('input');
  Object.assign(box, { type: 'checkbox', name: 'eventTypes', value: type, checked });
  const label = make('label', 'choice');
  label.append(box, make('span', '', nameOf(type)), make('code', '', type));
  return label;
}
