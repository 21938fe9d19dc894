// The page at `/`: the dashboard, or with `?order=…` the timeline of one order. Events are counted when they arrive, and shown when the browser draws the next frame.

import { Alarms } from './alarms.js';
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
import { readOrder, showOrder } from './order.js';
import { Orders } from './orders.js';
import { Reasons } from './reasons.js';
import { countedSince, offerToCountAnew, readCounted } from './restored.js';
import { Status } from './status.js';
import { Tally } from './tally.js';
import { Tiles } from './tiles.js';
import { Timeline } from './timeline.js';
import { showTitle } from './title.js';
import { addTypes, allTypes } from './types.js';
import { describe, follows, readView, startsNow } from './view.js';
import { offerWindows, readWindow } from './windows.js';
import { prepareWall } from './wall.js';
import { duration } from './words.js';

const openedAfterMs = performance.now();
const view = readView(location.search);
const clock = new ServerClock();
const api = new Api(element('content').dataset, clock);
const announcer = new Announcer();
const chart = new Chart(readWindow(location.search));
const gaps = new Gaps();
const journal = new Journal();
const alarms = new Alarms(journal);
const orders = new Orders();
const reasons = new Reasons();
const status = new Status();
const tally = new Tally();
const tiles = new Tiles();

let feed;
let timeline;
let freshness;
let frames;
let caughtUp = startsNow(view);
let stateSaid = '';
let refusal = ''; // the server's reason when it last refused the stream

async function start() {
  await window.session?.ready;
  addTypes(await api.orderEventTypes(unanswered));
  const since = startsNow(view) ? countedSince() : undefined;
  const openedAt = since ?? clock.at(openedAfterMs);
  const start = since && (await restore(since));
  showTypes();
  say(element('counts-title'), describe(view, openedAt));
  if (startsNow(view)) offerToCountAnew(openedAt);
  feed = new Feed(api, view, openedAt, { event, gap, closing, state, opened, error }, start ?? view.start);
  timeline = new Timeline(api, clock, feed, view, readWindow(location.search), loaded);
  timeline.load();
  offerWindows(readWindow(location.search), chooseWindow);
  freshness = new Freshness(api, clock, feed, view, () => tally.received, { checked, stalled });
  freshness.start();
  element('pause').addEventListener('click', () => (feed.state === 'paused' ? feed.resume() : feed.pause()));
  addEventListener('signed-in', () => feed.tryNow());
  frames = new Frames(show);
  setInterval(() => frames.ask(), 1_000);
}

/** Count what was counted before the page was loaded again. Return where the stream goes on. */
async function restore(since) {
  try {
    const { intervals, newest, lastEventId } = await readCounted(api, view, since);
    tally.restore(intervals);
    addTypes(tally.types);
    for (const each of newest) {
      orders.add(each);
      reasons.add(each);
    }
    return { after: lastEventId };
  } catch (failure) {
    unanswered(failure);
    return { since: new Date(since).toISOString() };
  }
}

function chooseWindow(window) {
  chart.choose(window);
  timeline.choose(window);
}

function loaded(failure) {
  if (failure && feed.state === 'open') journal.note(`The log cannot be counted: ${failure.message}`, 'warn');
  frames.ask();
}

function showTypes() {
  for (const type of allTypes()) {
    const followed = follows(view, type);
    tally.of(type);
    tiles.add(type, followed);
    if (followed) chart.add(type);
  }
  offer(view, allTypes());
  alarms.offer(allTypes());
}

function unanswered(failure) {
  journal.note(`The server does not answer: ${failure.message}`, 'bad');
}

// Callbacks of the feed

function event(received) {
  if (addTypes([received.type])) showTypes();
  tally.add(received, clock.now());
  if (caughtUp) timeline.add(received); // else the log says when it was stored
  orders.add(received);
  reasons.add(received);
  frames.ask();
}

function gap(received) {
  gaps.add(received, Date.now());
  alarms.gap();
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
  alarms.state(current.state);
  if (current.state === 'open') freshness.start();
  if (current.state === 'closed') {
    freshness?.stop();
    timeline?.stop();
  }
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
  if (freshness.waiting === 0 && feed.state === 'open' && !caughtUp) {
    caughtUp = true;
    timeline.load();
  }
  frames.ask();
}

function stalled(after) {
  const why = freshness.waiting === null ? 'The server does not answer' : `${freshness.waiting} events wait`;
  journal.note(`${why}, and the connection delivers nothing: opening a new one`, 'bad');
  feed.reopen(after);
}

function show() {
  const now = clock.now();
  tiles.show(tally, timeline, reasons, now);
  chart.show(timeline.shown, now);
  alarms.check(timeline, now);
  orders.show();
  status.show(tally, freshness, gaps, now);
  announcer.sum(tally);
  showTitle(tally, view, feed.state, gaps);
}

async function startOrder(orderId) {
  await window.session?.ready;
  await showOrder(orderId, api);
}

const orderId = readOrder(location.search);
prepareWall(location.search);
await (orderId ? startOrder(orderId) : start());
