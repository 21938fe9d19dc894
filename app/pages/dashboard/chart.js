// Draws the events over time, one lane for each event type. Each lane has a scale of its own, which is written beside it, so that a few
// cancellations can be seen beside many shipments.

import { Cursor } from './cursor.js';
import { copy, element, say, set } from './element.js';
import { allTypes, hueOf } from './types.js';
import { WINDOWS } from './windows.js';
import { clockTime, minuteOf, nameOf, number, spanOf, times } from './words.js';

const GAP = 0.15; // of the width of a bar
const LEAST = 4; // percent, so that a single event among thousands can be seen
const PARTS = 10; // in the description for screen readers
const LEAST_TOP = 4;
const TOPS = [1, 2, 3, 4, 5, 6, 8, 10]; // of scales, times a power of ten

export class Chart {
  #lanes = new Map();
  #cursor = new Cursor((index) => this.#read(index));
  #drawn = null; // what the cursor reads: {history, counts by type}
  #window;

  constructor(window) {
    this.choose(window);
  }

  choose(window) {
    this.#window = window;
    say(element('chart-title'), WINDOWS[window].title);
  }

  /** Add a lane for a type if it has none. */
  add(type) {
    if (this.#lanes.has(type)) return;
    const lane = copy('lane');
    lane.dataset.type = type;
    lane.dataset.hue = hueOf(type);
    say(lane.querySelector('.name'), nameOf(type));
    const [most, top, half, picture] = ['.most', '.top', '.half', 'svg'].map((each) => lane.querySelector(each));
    this.#lanes.set(type, { lane, most, top, half, picture, path: picture.firstElementChild });
    element('lanes').replaceChildren(...allTypes().flatMap((each) => this.#lanes.get(each)?.lane ?? []));
  }

  show(history, now) {
    if (this.#lanes.size === 0) return element('lanes').replaceChildren(); // the view has no type that the server knows
    const counts = new Map();
    for (const [type, lane] of this.#lanes) {
      counts.set(type, history.counts(type, now));
      this.#draw(type, lane, counts.get(type));
    }
    this.#drawn = { history, counts };
    say(element('axis-start'), minuteOf(history.startOf(0)));
    say(element('axis-middle'), minuteOf(history.startOf(Math.floor(history.spans / 2))));
    this.#cursor.show(history.spans);
  }

  #draw(type, { most, top, half, picture, path }, counts) {
    const highest = Math.max(...counts);
    const scale = scaleFor(highest);
    say(top, number(scale));
    say(half, number(scale / 2));
    say(most, highest ? `at most ${number(highest)}` : 'none');
    set(picture, 'viewBox', `0 0 ${counts.length} 100`);
    set(path, 'd', counts.map((count, index) => (count ? bar(index, Math.max(LEAST, (count * 100) / scale)) : '')).join(''));
    set(picture, 'aria-label', described(type, counts, WINDOWS[this.#window].title)); // the bars may stay while the numbers change
  }

  /** Write the numbers of one span, or, without an index, how long a span is. Return the text. */
  #read(index) {
    const { history, counts } = this.#drawn;
    const text = index === null ? `events in each ${spanOf(history.spanMs)}` : `${clockTime(history.startOf(index))}: ${
      [...counts].map(([type, each]) => `${number(each[index])} ${nameOf(type).toLowerCase()}`).join(', ')}`;
    say(element('reading'), text);
    return text;
  }
}

function scaleFor(highest) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, highest)));
  const isTop = (top) => top >= Math.max(highest, LEAST_TOP) && top % 2 === 0; // the middle is labelled too
  return [...TOPS, 20].map((top) => top * power).find(isTop);
}

function bar(index, height) {
  return `M${index + GAP / 2} 100v${-height.toFixed(1)}h${1 - GAP}V100z`;
}

function described(type, counts, title) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const length = Math.ceil(counts.length / PARTS);
  const parts = [];
  for (let start = 0; start < counts.length; start += length) {
    parts.push(counts.slice(start, start + length).reduce((sum, count) => sum + count, 0));
  }
  return `${nameOf(type)}: ${times(total, 'event')}. ${title}, in ${times(parts.length, 'equal part')}: ${parts.join(', ')}`;
}
