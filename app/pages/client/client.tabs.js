// The pages that have the same queue: one sends at a time, and all get the answers.
//
// Browsers keep no order between locks, messages and the storage: a page that gets the lock may not have got the last answers yet, and
// may still see their batches in the storage. So a page that has got answers holds a lock of its own for a while, and the next page
// that sends asks it first. Its reply comes after all answers, because messages of one page do keep their order.

import { sleep } from './client.pace.js';
import { uuid7 } from './client.uuid.js';

const RECENT_MS = 10_000; // after this time all answers of a page have come

export class Tabs {
  #name; // of the lock and the channel of all pages with the queue
  #answers; // the name of the locks of pages that have got answers, without their ids
  #id = uuid7();
  #receive;
  #hanging = new Set(); // ids of pages that did not reply in time, such as behind a dialog: they are not waited for again
  /** @type {BroadcastChannel | undefined} */
  #channel;
  #timer;
  /** Release the lock of this page, if it is held. @type {((value?: unknown) => void) | undefined} */
  #release;
  /** Called with each reply to a question of this page. @type {(reply: {question: string, from: string}) => void} */
  #replied = () => {};

  /**
   * @param {string} queue the name of the queue
   * @param {(message: any) => void} receive called with each message of another page
   */
  constructor(queue, receive) {
    this.#name = `orders-events publish ${queue}`;
    this.#answers = `orders-events answers ${queue} `;
    this.#receive = receive;
  }

  open() {
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
  }

  close() {
    this.#channel?.close();
    this.#channel = undefined;
    this.#forget();
  }

  /** Send a message to the other pages. */
  post(message) {
    this.#channel?.postMessage(message);
  }

  /**
   * Work while no other page does, and once this page has got the answers of the others. Without Web Locks pages send the same batches,
   * but each in the same order.
   * @param {AbortSignal} signal ends the wait
   * @param {() => Promise<void>} work
   */
  async alone(signal, work) {
    const locks = globalThis.navigator?.locks;
    if (!locks) return work();
    const caughtUp = async () => {
      await this.#catchUp(locks, signal);
      await work();
      if (!signal.aborted) await this.#remember(locks);
    };
    return locks.request(this.#name, { signal }, caughtUp).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  /** Wait for all answers that other pages have got. */
  async #catchUp(locks, signal) {
    const { held } = await locks.query();
    const others = held.filter(({ name }) => name.slice(0, -this.#id.length) === this.#answers);
    const ids = others.map(({ name }) => name.slice(-this.#id.length));
    const silent = new Set(ids.filter((id) => id !== this.#id && !this.#hanging.has(id)));
    if (silent.size === 0) return;
    const asked = uuid7();
    const over = new AbortController();
    this.#replied = ({ question, from }) => {
      if (question === asked) silent.delete(from);
      if (silent.size === 0) over.abort();
    };
    this.post({ question: asked });
    await sleep(RECENT_MS, AbortSignal.any([signal, over.signal]));
    if (!signal.aborted) for (const id of silent) this.#hanging.add(id);
  }

  /** Hold the lock of this page until its answers have come to the others. */
  async #remember(locks) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#forget(), RECENT_MS);
    if (this.#release) return;
    const over = new Promise((resolve) => (this.#release = resolve));
    await new Promise((held) => {
      const hold = () => {
        held();
        return over;
      };
      locks.request(this.#answers + this.#id, hold);
    });
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#release?.();
    this.#release = undefined;
  }

  #hear(message) {
    const { question, from } = message;
    if (from) this.#hanging.delete(from);
    if (from) this.#replied(message);
    else if (question) this.post({ question, from: this.#id });
    else this.#receive(message);
  }
}
