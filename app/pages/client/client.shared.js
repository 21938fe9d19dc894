// Follow a stream on the connection that all tabs share.
//
// Wherever a tab comes from - a page just opened, a pause, the back-forward cache, hours of being slow - it has a place of its
// own, and what it lacks is in the server's log. It reads that to its end, by requests that end, and goes on with the others.

import { EventStreamDecoder } from './client.decoder.js';
import { dataOf } from './client.event.js';
import { awayState, follow, Pace, sleep } from './client.follow.js';
import { Member } from './client.member.js';
import { addressOf, failure, fetchStream } from './client.request.js';

const CHUNK = 1000; // events that are read from the log in one request, and held in memory
const ROUNDS = 3; // how often to look for a moment in which nothing is published
const LAG_MS = 250; // how long to let the shared connection catch up with the log

/** Whether a request can be shared: it must be one that has no end of its own. */
export function canShare(request) {
  const query = new URL(request.url).searchParams;
  return Boolean(globalThis.SharedWorker) && !query.has('limit') && !query.has('follow');
}

/**
 * Follow until told to stop, or until the server has no more to say; on a connection of this tab's own where there can be no
 * worker. Takes and returns what `follow` does.
 * @param {import('./client.request.js').StreamRequest} request
 * @param {import('./client.follow.js').Follower} follower
 * @param {AbortSignal} signal
 * @returns {Promise<string | undefined>}
 */
export async function followShared(request, follower, signal) {
  follower.state({ state: 'connecting', attempt: 0, shared: true });
  while (!signal.aborted) {
    const member = new Member(request, signal);
    try {
      await new Reading(request, follower, member).run();
    } catch (error) {
      if (!member.signal.aborted) throw error;
    }
    if (member.over) return member.over;
    if (!member.answered) return follow(request, follower, signal);
  }
  return undefined;
}

/** What one tab reads on its seat: the log, to its end, and then what the worker has. */
class Reading {
  #request;
  #follower;
  #member;
  #pace = new Pace();
  #state; // of the shared connection
  #joined = false; // whether what is read is that
  #next; // the number of the worker's frame that is next
  #rounds; // how often this tab has tried to join
  #ahead = new Set(); // ids that were read from the log before the shared connection has brought them

  constructor(request, follower, member) {
    this.#request = request;
    this.#follower = follower;
    this.#member = member;
    member.onState = (state) => this.#changed(state);
    member.onError = (error) => follower.error(error);
  }

  /** Read until the seat is lost, which is thrown. */
  async run() {
    for (;;) {
      if (!this.#joined) await this.#join();
      const { frames, behind } = await this.#member.ask({ next: this.#next });
      if (behind) this.#joined = false;
      else for (const frame of frames) await this.#take(frame);
    }
  }

  async #join() {
    this.#rounds = 0;
    while (!this.#joined) {
      try {
        this.#joined = await this.#meet();
      } catch (error) {
        this.#member.signal.throwIfAborted();
        await this.#backOff(failure(error));
      }
    }
    this.#pace.attempt = 0;
    this.#report(this.#state);
  }

  /**
   * Try to go on where the shared connection is; return whether this tab lacks nothing then.
   *
   * First it is asked where the connection is, then what the log has after that, and only then what the log has after the place
   * of this tab. So all that the tab has, or had before, of what the connection is about to bring is among these two, and the
   * rest that it brings is new. Ids are compared for being equal only: they have no order that a client may know of.
   */
  async #meet() {
    const { id, next } = await this.#member.ask({ place: true });
    if (this.#follower.place() === undefined && this.#startsNow()) {
      await this.#tell({ type: 'stream.checkpoint', id, data: '{}' });
      this.#next = next;
      return true;
    }
    const passed = await this.#readLog(id);
    const lacked = await this.#readLog(this.#follower.place());
    for (const frame of lacked.frames) await this.#tell(frame);
    if (this.#follower.place() === undefined) this.#follower.moved(passed.lastEventId); // nothing is stored yet
    // What was lacking may have passed before: better a moment in which nothing is.
    this.#rounds += 1;
    if (!lacked.whole || (this.#rounds < ROUNDS && lacked.frames.some(isOrderEvent))) return false;
    if (!passed.whole || passed.frames.some(({ type }) => type === 'stream.gap')) {
      await sleep(LAG_MS, this.#member.signal); // the shared connection has much to bring, or is yet to be told of the gap
      return false;
    }
    this.#ahead = new Set([...passed.frames, ...lacked.frames].filter(isOrderEvent).map((frame) => frame.id));
    this.#next = next;
    return true;
  }

  async #take(frame) {
    this.#next += 1;
    if (isOrderEvent(frame)) {
      if (this.#ahead.delete(frame.id)) return;
      this.#ahead.clear(); // this one is newer than all of them
    } else if (frame.type === 'stream.gap') this.#ahead.clear(); // all is told anew
    else if (frame.type === 'stream.checkpoint' && this.#ahead.size > 0) return; // the tab may be beyond it
    await this.#tell(frame);
  }

  async #tell(frame) {
    this.#member.signal.throwIfAborted();
    if (frame.type === 'stream.checkpoint' && frame.id === this.#follower.place()) return;
    await this.#follower.frame(frame);
    if (frame.type !== 'stream.closing') this.#follower.moved(frame.id); // a closing has no id of its own
  }

  /** Read the next events of the log; it is `whole` if there are no more. */
  async #readLog(id) {
    const url = addressOf(this.#request, id, { follow: 'false', limit: CHUNK });
    const patience = AbortSignal.any([this.#member.signal, AbortSignal.timeout(this.#request.silenceMs)]);
    const response = await fetchStream(url, this.#request, patience);
    if (!response) return { frames: [], whole: true, lastEventId: id };
    const decoder = new EventStreamDecoder(id);
    const frames = decoder.decode(new Uint8Array(await response.arrayBuffer()));
    const reason = dataOf(frames.pop())?.reason; // of the closing
    if (reason !== 'end' && reason !== 'limit') throw new Error(`The log was read until ${reason}.`);
    return { frames, whole: reason === 'end', lastEventId: decoder.lastEventId };
  }

  /** @param {import('./client.follow.js').Outcome} outcome */
  async #backOff({ reason, error }) {
    if (error) this.#follower.error(error);
    const retryInMs = this.#pace.next();
    this.#report({ state: awayState(), attempt: this.#pace.attempt, retryInMs, reason });
    await sleep(retryInMs, this.#member.signal);
  }

  #changed(state) {
    this.#state = state;
    if (this.#joined || state.state !== 'open') this.#report(state);
  }

  #report(state) {
    if (state.state !== 'connecting') this.#follower.state({ ...state, shared: true }); // that has been said
  }

  #startsNow() {
    const { since, from } = this.#request.start;
    return since === undefined && from !== 'earliest';
  }
}

function isOrderEvent({ type }) {
  return !type.startsWith('stream.');
}
