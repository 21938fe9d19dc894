// The dashboard: events are counted when they arrive, and shown when the browser draws the next frame.

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
import { addTypes, allTypes } from './types.js';
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

let tally;
let feed;
let freshness;
let frames;
let caughtUp = startsNow(view);
let stateSaid = '';
let refusal = ''; // the server's reason when it last refused the stream

async function start() {
  await window.session?.ready;
  addTypes(await api.orderEventTypes(unanswered));
  const openedAt = clock.at(openedAfterMs);
  tally = new Tally(openedAt);
  showTypes();
  say(element('counts-title'), describe(view, openedAt));
  feed = new Feed(api, view, openedAt, { event, gap, closing, state, opened, error });
  freshness = new Freshness(api, clock, feed, view, () => tally.received, { checked, stalled });
  freshness.start();
  element('pause').addEventListener('click', () => (feed.state === 'paused' ? feed.resume() : feed.pause()));
  addEventListener('signed-in', () => feed.tryNow());
  frames = new Frames(show);
  setInterval(() => frames.ask(), 1_000);
}

function showTypes() {
  for (const type of allTypes()) {
    const followed = follows(view, type);
    tally.of(type);
    tiles.add(type, followed);
    if (followed) chart.add(type);
  }
  offer(view, allTypes());
}

function unanswered(failure) {
  journal.note(`The server does not answer: ${failure.message}`, 'bad');
}

// Callbacks of the feed

function event(received) {
  if (addTypes([received.type])) showTypes();
  tally.add(received, clock.now(), caughtUp);
  orders.add(received);
  frames.ask();
}

function gap(received) {
  gaps.add(received, Date.now());
  journal.note(`Gap: ${received.reason}`, 'bad');
  doubt();
}

function closing({ reason }) {
  if (reason === 'token_expired') window.session?.ask('The access token has expired. Nothing is lost: enter a new one.');
  journal.note(`The server ends the stream: ${reason}`, 'warn');
}

function state(current, before) {
  const text = status.state({ ...current, refusal: current.reason === 'refused' ? refusal : '' });
  element('refused').hidden = current.state !== 'closed' || current.reason !== 'refused';
  if (current.state === 'reconnecting' || current.state === 'offline') {
    journal.note(current.state === 'offline' ? text : 'Connection lost', 'warn');
    doubt();
  }
  if (current.state === 'open') freshness.start();
  if (current.state === 'closed') freshness?.stop();
  if (before === 'paused') journal.note('Resumed');
  if (current.state === 'paused') {
    journal.note(text);
    doubt();
  }
  if (current.state !== stateSaid) announcer.say(text); // not at every attempt to reconnect
  stateSaid = current.state;
  frames.ask();
}

async function opened(afterMs) {
  if (afterMs === null) return journal.note('Connected');
  status.reconnects += 1;
  journal.note(`Connected again after ${duration(afterMs)}`, 'good');
  frames.ask();
  // The server may have been replaced by one that knows more event types.
  if (addTypes(await api.orderEventTypes(unanswered))) showTypes();
}

function error(failure) {
  if (failure.status === 401) window.session?.ask('The server asks for an access token.');
  refusal = reasonOf(failure.problem) ?? failure.message;
  journal.note(refusal, 'bad');
}

// Callbacks of the check for missing events

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
  journal.note(`${why}, and the connection delivers nothing: opening a new one`, 'bad');
  feed.reopen(after);
}

function show() {
  const now = clock.now();
  tiles.show(tally, now);
  chart.show(tally, now);
  orders.show();
  status.show(tally, freshness, gaps, now);
  announcer.sum(tally);
  showTitle(tally, view, feed.state, gaps);
}

await start();
