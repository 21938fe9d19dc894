// Shows a tile for each event type: the count, the rate per minute, and the time of the newest event.

import { copy, element, make, say } from './element.js';
import { allTypes, hueOf } from './types.js';
import { ago, duration, nameOf, number, percent } from './words.js';

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
    const [rate, per, share, last, reasons] = ['.rate', '.per', '.share', '.last', '.reasons'].map((each) => tile.querySelector(each));
    this.#tiles.set(type, { tile, count, rate, per, share, last, reasons });
    element('tiles').replaceChildren(...allTypes().flatMap((each) => this.#tiles.get(each)?.tile ?? []));
    show(count, 0);
  }

  show(tally, timeline, reasons, now) {
    const { total } = tally;
    for (const [type, { count, rate, per, share, last, reasons: shown }] of this.#tiles) {
      const counted = tally.of(type);
      show(count, counted.count);
      if (rate === null) continue;
      showRate(rate, per, timeline.rate(type, now));
      say(share, counted.count ? `${percent(counted.count, total)} of all` : '');
      say(shown, reasons.of(type));
      say(last, counted.newestAt === null ? 'none yet' : ago(now - counted.newestAt));
    }
  }
}

// A rate of less than a minute would be a guess, so the number itself is shown.
function showRate(rate, per, { count, forMs }) {
  const isShort = forMs < 60_000;
  const aMinute = (count * 60_000) / forMs;
  say(rate, isShort ? number(count) : aMinute < 100 ? aMinute.toFixed(1) : number(Math.round(aMinute)));
  say(per, isShort ? `in ${duration(forMs)}` : 'a minute');
}

// What is between groups of thousands comes from the style sheet, so screen readers and copies get only the digits.
function show(count, value) {
  if (count.textContent === String(value)) return;
  const groups = String(value).match(/\d{1,3}(?=(\d{3})*$)/g);
  count.replaceChildren(...groups.map((digits) => make('span', '', digits)));
}
