// Writes problems and counts into the title of the page, because a tab in the background shows nothing else.

import { follows } from './view.js';
import { nameOf, number } from './words.js';

const TITLE = document.title;

export function showTitle(tally, view, state, gaps) {
  const counts = tally.types.filter((type) => follows(view, type)).map((type) => `${number(tally.of(type).count)} ${nameOf(type).toLowerCase()}`);
  const warning = gaps.unacknowledged ? '⚠ Gap · ' : state === 'open' ? '' : `${nameOf(state)} · `;
  const title = `${warning}${counts.join(', ')} · ${TITLE}`;
  if (document.title !== title) document.title = title;
}
