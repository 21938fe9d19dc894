// What was counted before the page was loaded again, or left and returned to: the log still has it.
//
// The time at which counting began is kept with this entry of the browser's history. So it lasts as long as the tab, and a page that is
// opened anew begins anew.

import { element } from './element.js';

const NEWEST = 50; // rows of the table
const PAGE = 1000;
const PAGES = 5;

/** Return when counting began before this page was loaded again; undefined if it is loaded for the first time. */
export const countedSince = () => history.state?.countedSince;

/** Keep when counting began, and offer to begin anew. */
export function offerToCountAnew(since) {
  history.replaceState({ countedSince: since }, '');
  element('anew').hidden = false;
  element('anew').addEventListener('click', () => {
    history.replaceState(null, '');
    location.reload();
  });
}

/** Read from the log what was counted since a time: `{intervals, lastEventId, newest}`. Throws an Error if the server does not answer. */
export async function readCounted(api, view, since) {
  const counted = await api.counts(view, { since: new Date(since).toISOString() });
  const newest = await readNewest(api, view, since, counted.intervals);
  const last = newest.findIndex(({ id }) => id === counted.lastEventId);
  return { ...counted, newest: last < 0 ? newest : newest.slice(0, last + 1) }; // the stream brings what follows
}

/** Return some of the newest events, oldest first: pages of the log are read forwards, from an interval in which enough events follow. */
async function readNewest(api, view, since, intervals) {
  let following = 0;
  const from = intervals.findLast(({ counts }) => (following += Object.values(counts).reduce((sum, count) => sum + count, 0)) >= NEWEST);
  let start = { since: new Date(from ? Math.max(since, Date.parse(from.start)) : since).toISOString() };
  let newest = [];
  for (let pages = 0; pages < PAGES; pages += 1) {
    const { events, lastEventId } = await api.page(view, { ...start, limit: PAGE });
    newest = [...newest, ...events].slice(-PAGE);
    if (events.length < PAGE) break;
    start = { lastEventId };
  }
  return newest.map(({ id, eventType, data }) => ({ id, type: eventType, data }));
}
