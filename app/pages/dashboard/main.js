// The dashboard: what the stream brings is counted at once, and shown when there is a frame to draw.

import { Announcer } from './announcer.js';
import { Api, reasonOf } from './api.js';
import { Chart } from './chart.js';
import { ServerClock } from './clock.js';
import { element, say } from './element.js';
import { Feed } from './feed.js';
import { offer } from './form.js';
import { Freshness } from './freshness.js';
import { Gaps } from './gaps.js';
import { Journal } from './journal.js';
import { Orders } from './orders.js';
import { Status } from './status.js';
import { Tally } from './tally.js';
import { Tiles } from './tiles.js';
import { follows, readView, startsNow } from './view.js';
import { dateTime, duration, nameOf, number } from './words.js';

const RETRY_MS = 2_000;
const HIDDEN_MS = 1_000; // a hidden page draws no frames
const TITLE = document.title;

const openedAfterMs = performance.now();
const view = readView(location.search);
const clock = new ServerClock();
const api = new Api(element('content').dataset, clock);
const announcer = new Announcer();
const chart = new Chart();
const gaps = new Gaps();
const journal = new Journal();
const orders = new Orders();
const status = new Status();
const tiles = new Tiles();

let types = [];
let tally;
let feed;
let freshness;
let caughtUp = startsNow(view);
let stateSaid = '';
let refusal = ''; // what the server said when it last refused the stream

async function start() {
  types = await untilAnswered(() => api.orderEventTypes());
  const openedAt = clock.at(openedAfterMs);
  tally = new Tally(openedAt);
  addTypes();
  offer(view, types);
  describeCounting(openedAt);
  feed = new Feed(api, view, openedAt, { event, gap, closing, state, opened, error });
  freshness = new Freshness(api, clock, feed, view, () => tally.received, { checked, stalled });
  freshness.start();
  element('pause').addEventListener('click', () => (feed.state === 'paused' ? feed.resume() : feed.pause()));
  document.addEventListener('visibilitychange', show);
  setInterval(changed, 1_000);
}

async function untilAnswered(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (failure) {
      journal.note(`The server does not answer: ${failure.message}`, 'bad');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function addTypes() {
  for (const type of types) {
    const followed = follows(view, type);
    tally.of(type);
    tiles.add(type, followed);
    if (followed) chart.add(type, tiles.hueOf(type));
  }
}

function describeCounting(openedAt) {
  const from = startsNow(view) ? `Counted since ${dateTime(openedAt)}, when this page was opened` : null;
  const kept = view.start.since ? `Counted since ${view.start.since}` : 'Counted from the oldest event that is kept';
  const of = view.orderId.length ? `, only ${view.orderId.join(', ')}` : '';
  say(element('counts-title'), (from ?? kept) + of);
}

// What the stream says

function event(told) {
  if (!types.includes(told.type)) {
    types.push(told.type);
    addTypes();
  }
  tally.add(told, clock.now(), caughtUp);
  orders.add(told);
  changed();
}

function gap(told) {
  gaps.add(told, Date.now());
  journal.note(`Gap: ${told.reason}`, 'bad');
  doubt();
}

function closing({ reason }) {
  journal.note(`The server ends the stream: ${reason}`, 'warn');
}

function state(told) {
  const text = status.state({ ...told, refusal: told.reason === 'refused' ? refusal : '' });
  if (told.state === 'reconnecting' || told.state === 'offline') {
    journal.note(told.state === 'offline' ? text : 'Connection lost', 'warn');
    doubt();
  }
  if (told.state === 'open') freshness.start();
  if (told.state === 'paused') {
    journal.note(text);
    doubt();
  }
  if (told.state !== stateSaid) announcer.say(text); // and not at each attempt
  stateSaid = told.state;
  changed();
}

async function opened(afterMs) {
  if (afterMs === null) return journal.note('Connected');
  status.reconnects += 1;
  journal.note(`Connected again after ${duration(afterMs)}`, 'good');
  changed();
  // The server may have been replaced by one that knows more types.
  const known = await untilAnswered(() => api.orderEventTypes());
  if (known.every((type) => types.includes(type))) return;
  types = [...new Set([...types, ...known])];
  addTypes();
  offer(view, types);
}

function error(failure) {
  refusal = reasonOf(failure.problem) ?? failure.message;
  journal.note(refusal, 'bad');
}

// Whether all has come

function doubt() {
  caughtUp = false;
  freshness?.doubt();
}

function checked() {
  if (freshness.waiting === 0 && feed.state === 'open') caughtUp = true;
  changed();
}

function stalled(after) {
  const why = freshness.waiting === null ? 'The server does not answer' : `${freshness.waiting} events wait`;
  journal.note(`${why}, and the connection brings nothing: connecting anew`, 'bad');
  feed.reopen(after);
}

// Showing

let waiting = false;

function changed() {
  if (waiting) return;
  waiting = true;
  if (document.hidden) setTimeout(show, HIDDEN_MS);
  else requestAnimationFrame(show);
}

function show() {
  waiting = false;
  const now = clock.now();
  tiles.show(tally, now);
  chart.show(tally, now);
  orders.show((type) => tiles.hueOf(type));
  status.show(tally, freshness, gaps, now);
  announcer.sum(tally);
  const counts = types.filter((type) => follows(view, type)).map((type) => `${number(tally.of(type).count)} ${nameOf(type).toLowerCase()}`);
  const warning = gaps.unacknowledged ? '⚠ Gap · ' : feed.state === 'open' ? '' : `${nameOf(feed.state)} · `;
  const title = `${warning}${counts.join(', ')} · ${TITLE}`;
  if (document.title !== title) document.title = title;
}

await start();
