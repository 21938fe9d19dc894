// Follow a stream on a connection that all tabs share.
//
// Each tab has a place of its own: after it was opened, after a pause, after the back-forward cache, after hours of being slow.
// The events that it lacks are in the server's log. It reads the log to its end with finite requests, and then joins the shared
// connection.

import { EventStreamDecoder } from './client.decoder.js';
import { dataOf } from './client.event.js';
import { follow } from './client.follow.js';
import { Member } from './client.member.js';
import { awayState, Pace, sleep } from './client.pace.js';
import { withPatience } from './client.patience.js';
import { addressOf, failure, fetchStream } from './client.request.js';

const CHUNK = 1000; // events of one request to the log, which are kept in memory
const ROUNDS = 3; // how often to try to find a moment in which nothing is published
const WITHOUT_ID = new Set(['stream.closing', 'stream.deprecation']); // of their own: a decoder repeats the last one
const LAG_MS = 250; // how long to wait for the shared connection to catch up with the log

/**
 * Return whether a stream can be shared: only one without an end of its own can. One with a token is not shared, because another tab may
 * be of another user.
 * @param {import('./client.request.js').StreamRequest} request
 */
export function canShare({ url, token, headers }) {
  const query = new URL(url).searchParams;
  const isOfOneTab = Boolean(token ?? headers?.authorization);
  return Boolean(globalThis.SharedWorker) && !isOfOneTab && !query.has('limit') && !query.has('follow');
}

/**
 * Follow until the signal is aborted, or until the server has nothing more to send. If the browser starts no worker, follow on a
 * connection of this tab's own. The arguments and the result are those of `follow`.
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

/** The reading of one tab: first the log, to its end, and then the frames of the worker. */
class Reading {
  #request;
  #follower;
  #member;
  #pace = new Pace();
  #state; // of the shared connection
  #joined = false; // whether this tab reads from the shared connection
  #next; // the number of the next frame of the worker
  #rounds; // how often this tab has tried to join
  #ahead = new Set(); // ids that were read from the log, and that the shared connection has yet to bring

  constructor(request, follower, member) {
    this.#request = request;
    this.#follower = follower;
    this.#member = member;
    member.onState = (state) => this.#changed(state);
    member.onError = (error) => follower.error(error);
  }

  /** Read until the link to the worker ends, which throws. */
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
   * Try to continue at the position of the shared connection. Return whether this tab then lacks no event.
   *
   * The order of the requests matters: first the position of the connection, then the log after that position, and only then the
   * log after the place of this tab. Every event that the connection is about to bring and that this tab already has is then among
   * the events of the two requests, and all others are new. Ids are compared for equality only: their order is unknown to clients.
   */
  async #meet() {
    const { id, next } = await this.#member.ask({ place: true });
    if (this.#follower.place() === undefined && this.#startsNow()) {
      await this.#deliver({ type: 'stream.checkpoint', id, data: '{}' });
      this.#next = next;
      return true;
    }
    const passed = await this.#readLog(id);
    const lacked = await this.#readLog(this.#follower.place());
    for (const frame of lacked.frames) await this.#deliver(frame);
    if (this.#follower.place() === undefined) this.#follower.moved(passed.lastEventId); // the log is empty
    // Events that were lacking may have been published meanwhile: wait for a moment without any.
    this.#rounds += 1;
    if (!lacked.whole || (this.#rounds < ROUNDS && lacked.frames.some(isOrderEvent))) return false;
    if (!passed.whole || passed.frames.some(({ type }) => type === 'stream.gap')) {
      await sleep(LAG_MS, this.#member.signal); // the shared connection has many events to bring, or has not reported the gap yet
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
      this.#ahead.clear(); // this event is newer than all of them
    } else if (frame.type === 'stream.gap') this.#ahead.clear(); // everything is delivered again
    else if (frame.type === 'stream.checkpoint' && this.#ahead.size > 0) return; // the tab may be past it
    await this.#deliver(frame);
  }

  async #deliver(frame) {
    this.#member.signal.throwIfAborted();
    if (frame.type === 'stream.checkpoint' && frame.id === this.#follower.place()) return;
    await this.#follower.frame(frame);
    if (!WITHOUT_ID.has(frame.type)) this.#follower.moved(frame.id);
  }

  /** Read the next events of the log. The result is `whole` if there are no more. */
  async #readLog(id) {
    const url = addressOf(this.#request, id, { follow: 'false', limit: CHUNK });
    const body = await withPatience(this.#request.silenceMs, this.#member.signal, async (stop) => {
      const response = await fetchStream(url, this.#request, stop);
      return response?.arrayBuffer();
    });
    if (!body) return { frames: [], whole: true, lastEventId: id };
    const decoder = new EventStreamDecoder(id);
    const frames = decoder.decode(new Uint8Array(body));
    const reason = dataOf(frames.pop())?.reason; // of the `stream.closing`
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
    if (state.state !== 'connecting') this.#follower.state({ ...state, shared: true }); // it has been reported already
  }

  #startsNow() {
    const { since, from } = this.#request.start;
    return since === undefined && from !== 'earliest';
  }
}

function isOrderEvent({ type }) {
  return !type.startsWith('stream.');
}
