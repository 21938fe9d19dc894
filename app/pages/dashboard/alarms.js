// Alarms that a viewer has asked for: on a gap, on an outage, and if there are too many events of a type in a minute. What is wanted is
// kept in this browser; nothing sounds or notifies until it was chosen.

import { element, say } from './element.js';
import { beep, unlockSound } from './sound.js';
import { nameOf, times } from './words.js';

const KEPT_AS = 'orders-events.alarms';
const OUTAGE_MS = 10_000;
const MINUTE_SPANS = 6; // of the last ten minutes

export class Alarms {
  #journal;
  #form = element('alarms');
  #wanted = read();
  #outage = 0;
  #isOver = false;

  constructor(journal) {
    this.#journal = journal;
    this.#form.addEventListener('change', () => this.#choose());
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    element('alarm-try').addEventListener('click', () => this.#raise('This is how an alarm is shown'));
    if (this.#wanted.sound) unlockSound();
  }

  /** Offer the types for the threshold. */
  offer(types) {
    element('alarm-type').replaceChildren(...types.map((type) => new Option(nameOf(type), type)));
    for (const [name, value] of Object.entries({ type: types.at(-1), ...this.#wanted })) {
      const field = this.#form.elements[name];
      if (field) field[field.type === 'checkbox' ? 'checked' : 'value'] = value;
    }
  }

  gap() {
    if (this.#wanted.gap) this.#raise('Events are missing');
  }

  /** Note the state of the connection. */
  state(state) {
    const isUp = ['open', 'connecting', 'paused'].includes(state);
    if (isUp) clearTimeout(this.#outage);
    if (state === 'open') this.#outage = 0;
    if (isUp || this.#outage || !this.#wanted.outage) return;
    this.#outage = setTimeout(() => this.#raise('The server has not been reached for 10 seconds'), OUTAGE_MS);
  }

  /** Compare the last minute with the threshold; an alarm is raised once, and again after the number was below. */
  check(timeline, now) {
    const { type, most } = this.#wanted;
    const count = most ? timeline.recent.counts(type, now).slice(-MINUTE_SPANS).reduce((sum, each) => sum + each, 0) : 0;
    const isOver = Boolean(most) && count >= Number(most);
    const text = isOver ? `${nameOf(type)}: ${times(count, 'event')} in the last minute, ${most} or more` : '';
    say(element('alarm'), text);
    if (isOver && !this.#isOver) this.#raise(text);
    this.#isOver = isOver;
  }

  async #choose() {
    this.#wanted = Object.fromEntries(new FormData(this.#form));
    if (this.#wanted.sound) unlockSound();
    if (this.#wanted.notify && (await Notification.requestPermission()) !== 'granted') {
      this.#form.elements.notify.checked = false;
      delete this.#wanted.notify;
      say(element('alarm-hint'), 'This browser does not let the page notify you.');
    }
    keep(this.#wanted);
  }

  #raise(text) {
    this.#journal.note(`Alarm: ${text}`, 'bad');
    if (this.#wanted.sound) beep();
    if (this.#wanted.notify) new Notification(document.title, { body: text, tag: KEPT_AS });
  }
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEPT_AS)) ?? {};
  } catch {
    return {};
  }
}

function keep(wanted) {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(wanted));
  } catch {
    // Then the choice lasts until the page is closed.
  }
}
