// Shows the state of the connection in words and colour, and the figures beside it.

import { element, say } from './element.js';
import { ago, duration, number } from './words.js';

const WORDS = {
  connecting: () => 'Connecting',
  open: () => 'Live',
  reconnecting: ({ retryInMs, refusal }) => `${refusal ? `Refused: ${refusal.replace(/\.$/, '')}` : 'Not connected'}; trying again${retryInMs >= 1000 ? ` in ${duration(retryInMs)}` : ''}`,
  paused: () => 'Paused, nothing is lost',
  offline: () => 'Offline: this device has no network',
  closed: ({ reason, refusal }) => refusal ? `Refused: ${refusal.replace(/\.$/, '')}` : `Stopped by the server: ${reason}; load the page to go on`,
};

export class Status {
  #state = 'connecting';
  reconnects = 0;

  state(current) {
    const { state } = current;
    this.#state = state;
    const text = (WORDS[state] ?? (() => state))(current);
    for (const id of ['state', 'content']) element(id).dataset.state = state;
    say(element('state'), text);
    const button = element('pause');
    if (state === 'closed' && document.activeElement === button) element('content').focus(); // a disabled button would lose it
    button.disabled = state === 'closed';
    say(button, state === 'paused' ? 'Resume' : 'Pause');
    return text;
  }

  show({ newestAt }, freshness, gaps, now) {
    say(element('newest'), newestAt === null ? 'none yet' : ago(now - newestAt));
    say(element('lag'), this.#lag(freshness));
    element('lag').parentElement.dataset.level = freshness.waiting > 0 ? 'warn' : '';
    say(element('reconnects'), number(this.reconnects));
    say(element('gap-count'), number(gaps.count));
    element('gap-count').parentElement.dataset.level = gaps.count ? 'bad' : '';
  }

  #lag({ waiting, isFull, checkedAt }) {
    if (waiting === null) return checkedAt === null ? 'not known yet' : `not known for ${duration(performance.now() - checkedAt)}`;
    const many = isFull ? `${number(waiting)} or more` : number(waiting);
    if (this.#state === 'paused') return waiting ? `${many} waiting` : 'none waiting';
    return waiting ? `${many} behind` : `none, checked ${ago(performance.now() - checkedAt)}`;
  }
}
