import type { Problem } from './client.d.ts';

/**
 * Publish order events.
 *
 * Every event is stored once, and in the order of the calls: each gets an `eventId` before it is sent, and is sent again until the
 * server answers. While there is no network, or the server cannot store, events wait in a queue; with a `storageKey` they wait there
 * across page loads, and all tabs with the same key send from one queue, one tab at a time. A tab sends what another one has sent only
 * if the other closes, or hangs for 10 s, before its answer has come; the events are stored once all the same.
 *
 *     const orders = publisher({ storageKey: 'outbox' });
 *     const { id } = await orders.publish({ eventType: 'order.shipped', data: { orderId: 'or_7', when: new Date().toISOString() } });
 */
export function publisher(options?: PublisherOptions, handlers?: PublisherHandlers): Publisher;

export interface PublisherOptions {
  /** The address of the stream. Default: `/events/orders`. */
  url?: string | URL;
  /** Keep the queue under this name, and go on with it when the page is loaded again. Use another name for another server. */
  storageKey?: string;
  /** Where the queue is kept. Default: `localStorage`, which outlasts the tab and is the same for all tabs. */
  storage?: Storage;
  /** How many events may wait. Default: 10,000. */
  maxEvents?: number;
  /** How many bytes of JSON may wait. Default: 4,000,000, which is what browsers store. */
  maxBytes?: number;
  /** How to send: with POST requests (`fetch`, the default), or over a WebSocket. */
  transport?: 'fetch' | 'websocket';
  /** Request headers, only with `fetch`. */
  headers?: Readonly<Record<string, string>>;
  /**
   * Returns the access token for the next request or connection; called again if the server does not accept it. Events wait in the queue
   * as long as no token is accepted.
   */
  token?(): string | Promise<string>;
}

/** Functions to call. Events that an earlier page, or another tab, left in the queue have no other way to report their result. */
export interface PublisherHandlers {
  /** The events of a batch are on disk. */
  onPublished?(events: PublishedEvent[]): unknown;
  /** The server refuses a batch, which leaves the queue. */
  onRefused?(error: PublishError, events: NewEvent[]): unknown;
  /** The state has changed, or the time of the next attempt is known. */
  onState?(state: PublisherState): unknown;
  /** The browser stores nothing: the queue does not outlast the page. Default: `console.error`. */
  onError?(error: Error): unknown;
}

export interface Publisher {
  /**
   * Publish an event, or up to 1,000 of which all are stored or none. The promise is resolved when they are on disk, which may be
   * hours later; it is rejected with a PublishError if the server refuses the events, or the queue is full.
   */
  publish(event: NewEvent): Promise<PublishedEvent>;
  publish(events: readonly NewEvent[]): Promise<PublishedEvent[]>;
  /** Send nothing any more. The calls without an answer are rejected; a queue with a `storageKey` stays for the next page. */
  close(): void;
  /** How many events have no answer yet. */
  readonly pending: number;
}

/** An event to publish. */
export interface NewEvent {
  eventType: string;
  data: Readonly<Record<string, unknown>>;
  /** A name of this event: what has the same one is stored once. Default: a UUID. */
  eventId?: string;
  /** Default: the newest version of the oldest major version that is not deprecated. */
  schemaVersion?: string;
}

/** What the server has stored for an event. */
export interface PublishedEvent {
  id: string;
  eventType: string;
  schemaVersion: string;
  eventId: string;
  /** Whether it was stored before, for example by an attempt whose answer was lost with the network or with the tab that sent it. */
  duplicate: boolean;
}

export interface PublishError extends Error {
  /** Why: the server refuses the events; the queue is full; the publisher was closed. */
  reason: 'refused' | 'full' | 'closed';
  /** The status of a refusal: 409 if an `eventId` is used for other content, 422 if events break their contract, … */
  status?: number;
  /** What the server says; with 422, `violations` lists what is wrong with which event. */
  problem?: Problem & { violations?: readonly Violation[] };
}

export interface Violation {
  /** Which event of the call, from 0. */
  index: number;
  /** Where in the event, as a JSON pointer. */
  pointer: string;
  message: string;
}

export interface PublisherState {
  /** `waiting`: the last attempt has failed; `offline`: and the browser has no network. */
  state: 'idle' | 'sending' | 'waiting' | 'offline';
  /** How many events have no answer yet. */
  pending: number;
  /** How many attempts have failed since the last answer. */
  attempt: number;
  /** The wait before the next attempt. */
  retryInMs?: number;
  /** Why the last attempt failed. */
  error?: { message: string; status?: number; problem?: Problem };
}
