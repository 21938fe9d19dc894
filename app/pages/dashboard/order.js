// The page of one order: all its stored events in the order of the log, with the times between them, and each further event as soon
// as it is stored. Events are read as pages of the log, which hold every type, also those that this page does not know.

import { copyButton } from './clipboard.js';
import { element, say } from './element.js';
import { step } from './step.js';
import { SUBJECT } from './types.js';
import { ago, capital, lapse, nameOf, times } from './words.js';

const WAIT_SECONDS = 25;
const RETRY_MS = 2_000;
const PAGE = 1_000;
const GONE = 410; // the log no longer has the events after the last id, or is another log

/** Read `?order=…`. */
export const readOrder = (search) => new URLSearchParams(search).get('order')?.trim();

/** Show an order, until the page is left. */
export async function showOrder(orderId, api) {
  element('content').dataset.view = 'order';
  document.documentElement.classList.add('of-order');
  element('order').hidden = false;
  say(element('order-id'), orderId);
  document.title = `${capital(SUBJECT)} ${orderId} · ${document.title}`;
  element('order-copies').append(copyButton('Copy id', orderId), copyButton('Copy link', location.href));
  const order = new Order();
  setInterval(() => order.sum(), 1_000);
  while (await order.read(api, { eventTypes: [], orderId: [orderId] }));
}

class Order {
  #after;
  #events = [];

  /** Read the next events, and return whether to go on. */
  async read(api, view) {
    const start = this.#after ? { lastEventId: this.#after, wait: WAIT_SECONDS } : { from: 'earliest' };
    try {
      const { events, lastEventId } = await api.page(view, { ...start, limit: PAGE });
      this.#after = lastEventId;
      this.#state('open', 'Live');
      this.#add(events);
      return true;
    } catch (failure) {
      return this.#failed(failure);
    }
  }

  /** Write the summary. */
  sum() {
    const happened = this.#events.map(({ data }) => Date.parse(data?.when)).filter((at) => !Number.isNaN(at));
    const newest = this.#events.at(-1);
    if (!newest) return say(element('order-summary'), `No stored event of this ${SUBJECT} yet. It appears here when it is published.`);
    const over = happened.length > 1 ? ` over ${lapse(Math.max(...happened) - Math.min(...happened))}` : '';
    say(element('order-summary'), `${times(this.#events.length, 'event')}${over}. The newest: ${nameOf(newest.eventType)}, ${ago(Date.now() - happened.at(-1))}.`);
  }

  #add(events) {
    for (const event of events) {
      element('steps').append(step(event, this.#events.at(-1)));
      this.#events.push(event);
    }
    if (events.length) say(element('announcement'), times(events.length, 'new event'));
    this.sum();
  }

  async #failed(failure) {
    if (failure.status === 401) window.session?.ask('The server asks for an access token.');
    else if (failure.status === GONE) this.#restart();
    else if (failure.status >= 400 && failure.status < 500) {
      this.#state('closed', `Refused: ${failure.message}`);
      return false;
    } else this.#state('reconnecting', 'Not connected; trying again');
    if (failure.status !== GONE) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return true;
  }

  #restart() {
    this.#after = undefined;
    this.#events = [];
    element('steps').replaceChildren();
  }

  #state(state, text) {
    element('order-state').dataset.state = state;
    say(element('order-state'), text);
  }
}
