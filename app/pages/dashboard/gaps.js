// Shows each gap as an alert, which stays until it is acknowledged, also when the page is reloaded.

import { copy, element, make, say } from './element.js';
import { clockTime } from './words.js';

const MOST = 5; // alerts; further gaps are only counted
const CAUSES = {
  expired: 'The log deleted them before this page could read them: it stores events for a limited time or up to a limited number, and the page was disconnected for longer.',
  foreign: 'The log is another one now, for example a backup, and does not know the last event that this page has received.',
  ahead: 'The log ends before the last event that this page has received, for example because a backup was restored.',
};
const CONSEQUENCES = {
  expired: 'Counting continues with the oldest stored event.',
  another: 'Events that were counted stay counted. Events that the log has lost are not counted, and neither are events that it stored before this page was disconnected.',
};

export class Gaps {
  #keptAs = `orders-events.gaps ${location.search}`;
  #kept = read(this.#keptAs);
  count = this.#kept.length;

  constructor() {
    this.#show();
  }

  get unacknowledged() {
    return this.#kept.length;
  }

  add({ reason, requested, earliest }, at) {
    this.count += 1;
    this.#kept.push({ reason, requested, earliest, at });
    this.#kept = this.#kept.slice(-MOST);
    this.#save();
  }

  #acknowledge(gap) {
    this.#kept = this.#kept.filter((each) => each !== gap);
    this.#save();
    element('content').focus();
  }

  #save() {
    try {
      sessionStorage.setItem(this.#keptAs, JSON.stringify(this.#kept));
    } catch {
      // Then they stay until the page is closed.
    }
    this.#show();
  }

  #show() {
    const shown = new Map([...element('gaps').children].map((alert) => [alert.gap, alert]));
    // An alert that is already there must not be added again, because a screen reader would read it again.
    for (const [gap, alert] of shown) if (!this.#kept.includes(gap)) alert.remove();
    for (const gap of this.#kept) if (!shown.has(gap)) element('gaps').prepend(this.#alert(gap));
  }

  #alert(gap) {
    const alert = copy('gap');
    alert.gap = gap;
    alert.dataset.reason = gap.reason;
    const what = `Gap at ${clockTime(gap.at)}: events ${gap.reason === 'expired' ? 'are' : 'may be'} missing`;
    alert.querySelector('.what').append(what, ...(gap.requested ? [' after ', make('span', 'place', gap.requested)] : []), '.');
    const cause = CAUSES[gap.reason] ?? `The server's reason is “${gap.reason}”.`;
    say(alert.querySelector('.why'), `${cause} ${CONSEQUENCES[gap.reason] ?? CONSEQUENCES.another}`);
    alert.querySelector('button').addEventListener('click', () => this.#acknowledge(gap));
    return alert;
  }
}

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name)) ?? [];
  } catch {
    return [];
  }
}
