// Gaps: each is an alert that stays, over reloads too, until someone has acknowledged it.

import { copy, element, say } from './element.js';
import { clockTime } from './words.js';

const MOST = 5; // alerts; of further gaps there is the number
const CAUSES = {
  expired: 'The log deleted them before this page could read them: it keeps events for a limited time or number, and the page was away for longer.',
  foreign: 'The log is another one now, for example a backup, and does not know what this page has seen last.',
  ahead: 'The log is older than what this page has seen, for example a backup of itself.',
};
const CONSEQUENCES = {
  expired: 'Counting goes on with the oldest event that is kept.',
  another: 'What was counted stays counted. What the log has since lost, and what it holds from before this page lost touch, is not in the counts.',
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
      // They stay for as long as the page does.
    }
    this.#show();
  }

  #show() {
    const shown = new Map([...element('gaps').children].map((alert) => [alert.gap, alert]));
    // What stands already must not be read out again.
    for (const [gap, alert] of shown) if (!this.#kept.includes(gap)) alert.remove();
    for (const gap of this.#kept) if (!shown.has(gap)) element('gaps').prepend(this.#alert(gap));
  }

  #alert(gap) {
    const alert = copy('gap');
    alert.gap = gap;
    alert.dataset.reason = gap.reason;
    say(alert.querySelector('.what'), `Gap at ${clockTime(gap.at)}: order events ${gap.reason === 'expired' ? 'are' : 'may be'} missing${gap.requested ? ` after ${gap.requested}` : ''}.`);
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
