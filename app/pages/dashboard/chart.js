// Draws the last ten minutes, one lane for each event type. Each lane has a scale of its own, so that a few cancellations can be seen
// beside many shipments.

import { copy, element, say, set } from './element.js';
import { SPANS } from './history.js';
import { hueOf } from './types.js';
import { nameOf, number, times } from './words.js';

const SPAN_WIDTH = 600 / SPANS;
const GAP = 2;
const LEAST = 4; // so that a single event among thousands can be seen
const SPANS_A_MINUTE = 6;

export class Chart {
  #lanes = new Map();

  /** Add a lane for a type if it has none. */
  add(type) {
    if (this.#lanes.has(type)) return;
    const lane = copy('lane');
    lane.dataset.type = type;
    lane.dataset.hue = hueOf(type);
    say(lane.querySelector('.name'), nameOf(type));
    const picture = lane.querySelector('svg');
    this.#lanes.set(type, { most: lane.querySelector('.most'), picture, path: picture.firstElementChild });
    element('lanes').append(lane);
  }

  show(tally, now) {
    for (const [type, { most, picture, path }] of this.#lanes) {
      const counts = tally.of(type).history.counts(now);
      const top = Math.max(...counts);
      const drawn = bars(counts, Math.max(top, 4));
      say(most, top ? `at most ${number(top)}` : 'none');
      set(path, 'd', drawn);
      set(picture, 'aria-label', described(type, counts)); // the bars may stay as they are while the numbers change
    }
  }
}

function bars(counts, top) {
  return counts.map((count, index) => (count ? bar(index, Math.max(LEAST, (count * 100) / top)) : '')).join('');
}

function bar(index, height) {
  const width = SPAN_WIDTH - GAP;
  return `M${index * SPAN_WIDTH + GAP / 2} 100v${-height.toFixed(1)}h${width}V100z`;
}

function described(type, counts) {
  const minutes = [];
  for (let start = 0; start < SPANS; start += SPANS_A_MINUTE) {
    minutes.push(counts.slice(start, start + SPANS_A_MINUTE).reduce((sum, count) => sum + count, 0));
  }
  const total = minutes.reduce((sum, count) => sum + count, 0);
  return `${nameOf(type)}: ${times(total, 'event')} in the last ten minutes; minute by minute ${minutes.join(', ')}`;
}
