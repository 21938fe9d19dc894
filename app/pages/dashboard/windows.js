// The windows of time that the chart can show, and the choice among them, which is kept in the address of the page.

import { element, make } from './element.js';

const MINUTE_MS = 60_000;

/** By the name in the address. `spanMs`: the length of a bar; for everything that is stored, the server chooses it. */
export const WINDOWS = {
  '10m': { name: '10 min', title: 'The last 10 minutes', spanMs: 10_000, spans: 60 },
  '1h': { name: '1 h', title: 'The last hour', spanMs: MINUTE_MS, spans: 60 },
  '24h': { name: '24 h', title: 'The last 24 hours', spanMs: 15 * MINUTE_MS, spans: 96 },
  all: { name: 'All', title: 'Everything that is stored' },
};

/** Read the window from an address; the first one is the default. */
export function readWindow(search) {
  const wanted = new URLSearchParams(search).get('window');
  return wanted in WINDOWS ? wanted : '10m';
}

/** Offer the windows as radio buttons. `onChoice`: called with the name of the chosen one. */
export function offerWindows(chosen, onChoice) {
  element('windows').append(...Object.entries(WINDOWS).map(([value, { name }]) => {
    const label = make('label');
    const radio = Object.assign(make('input'), { type: 'radio', name: 'window', value, checked: value === chosen });
    label.append(radio, make('span', '', name));
    return label;
  }));
  element('windows').addEventListener('change', ({ target }) => {
    const url = new URL(location.href);
    url.searchParams.set('window', target.value);
    history.replaceState(history.state, '', url);
    onChoice(target.value);
  });
}
