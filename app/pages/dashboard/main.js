// The dashboard: what the stream brings is counted at once, and shown when there is a frame to draw.

import { Announcer } from './announcer.js';
import { Api, reasonOf } from './api.js';
import { Chart } from './chart.js';
import { ServerClock } from './clock.js';
import { element, say } from './element.js';
import { Feed } from './feed.js';
import { offer } from './form.js';
import { Frames } from './frames.js';
import { Freshness } from './freshness.js';
import { Gaps } from './gaps.js';
import { Journal } from './journal.js';
import { Orders } from './orders.js';
import { Status } from './status.js';
import { Tally } from './tally.js';
import { Tiles } from './tiles.js';
import { showTitle } from './title.js';
import { describe, follows, readView, startsNow } from './view.js';
import { duration } from './words.js';


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
let frames;
let caughtUp = startsNow(view);
let stateSaid = '';
let refusal = ''; // what the server said when it last refused the stream

async function start() {
  types = await api.orderEventTypes(unanswered);
  const openedAt = clock.at(openedAfterMs);
  tally = new Tally(openedAt);
  addTypes();
  offer(view, types);
  say(element('counts-title'), describe(view, openedAt));
  feed = new Feed(api, view, openedAt, { event, gap, closing, state, opened, error });
  freshness = new Freshness(api, clock, feed, view, () => tally.received, { checked, stalled });
  freshness.start();
  element('pause').addEventListener('click', () => (feed.state === 'paused' ? feed.resume() : feed.pause()));
  frames = new Frames(show);
  setInterval(() => frames.ask(), 1_000);
}

function addTypes() {
  for (const type of types) {
    const followed = follows(view, type);
    tally.of(type);
    tiles.add(type, followed);
    if (followed) chart.add(type, tiles.hueOf(type));
  }
}

function unanswered(failure) {
  journal.note(`The server does not answer: ${failure.message}`, 'bad');
}

// What the stream says

function event(told) {
  if (!types.includes(told.type)) {
    types.push(told.type);
    addTypes();
  }
  tally.add(told, clock.now(), caughtUp);
  orders.add(told);
  frames.ask();
}

function gap(told) {
  gaps.add(told, Date.now());
  journal.note(`Gap: ${told.reason}`, 'bad');
  doubt();
}

function closing({ reason }) {
  journal.note(`The server ends the stream: ${reason}`, 'warn');
}

function state(told, before) {
  const text = status.state({ ...told, refusal: told.reason === 'refused' ? refusal : '' });
  if (told.state === 'reconnecting' || told.state === 'offline') {
    journal.note(told.state === 'offline' ? text : 'Connection lost', 'warn');
    doubt();
  }
  if (told.state === 'open') freshness.start();
  if (before === 'paused') journal.note('Resumed');
  if (told.state === 'paused') {
    journal.note(text);
    doubt();
  }
  if (told.state !== stateSaid) announcer.say(text); // and not at each attempt
  stateSaid = told.state;
  frames.ask();
}

async function opened(afterMs) {
  if (afterMs === null) return journal.note('Connected');
  status.reconnects += 1;
  journal.note(`Connected again after ${duration(afterMs)}`, 'good');
  frames.ask();
  // The server may have been replaced by one that knows more types.
  const known = await api.orderEventTypes(unanswered);
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
  frames.ask();
}

function stalled(after) {
  const why = freshness.waiting === null ? 'The server does not answer' : `${freshness.waiting} events wait`;
  journal.note(`${why}, and the connection brings nothing: connecting anew`, 'bad');
  feed.reopen(after);
}

function show() {
  const now = clock.now();
  tiles.show(tally, now);
  chart.show(tally, now);
  orders.show((type) => tiles.hueOf(type));
  status.show(tally, freshness, gaps, now);
  announcer.sum(tally);
  showTitle(tally, view, feed.state, gaps);
}

await start();
