// Shows a tile for each event type: the count, the rate per minute, and the time of the newest event.

import { copy, element, make, say } from './element.js';
import { hueOf } from './types.js';
import { ago, nameOf } from './words.js';

export class Tiles {
  #tiles = new Map();

  /** Add a tile for a type if it has none. */
  add(type, isFollowed) {
    if (this.#tiles.has(type)) return;
    const tile = copy('tile');
    tile.dataset.type = type;
    tile.dataset.hue = hueOf(type);
    say(tile.querySelector('.name'), nameOf(type));
    say(tile.querySelector('.type'), type);
    const count = tile.querySelector('.count');
    count.dataset.count = type;
    if (!isFollowed) {
      tile.classList.add('left-out');
      tile.querySelector('dl').replaceWith(make('p', 'hint', 'Not in this view'));
    }
    this.#tiles.set(type, { tile, count, rate: tile.querySelector('.rate'), last: tile.querySelector('.last') });
    element('tiles').append(tile);
    show(count, 0);
  }

  show(tally, now) {
    for (const [type, { count, rate, last }] of this.#tiles) {
      const counted = tally.of(type);
      show(count, counted.count);
      if (rate === null) continue;
      say(rate, tally.rate(type, now).toFixed(1));
      say(last, counted.newestAt === null ? 'none yet' : ago(now - counted.newestAt));
    }
  }
}

// The space between groups of thousands is not text, so screen readers and copies get only the digits.
function show(count, value) {
  if (count.textContent === String(value)) return;
  const groups = String(value).match(/\d{1,3}(?=(\d{3})*$)/g);
  count.replaceChildren(...groups.map((digits) => make('span', '', digits)));
}
