/**
 * Subscribe to order events.
 *
 * A subscription is told of every event that matches, once and in order, across disconnects, restarts of the server, pauses
 * and, with a `storageKey`, page loads; or of a gap, where that cannot be. It goes on after the last event that it has
 * handled. What there is to tell comes after `subscribe` has returned.
 */
export function subscribe(options?: Options, handlers?: Handlers): Subscription;

export interface Options {
  /** The stream, which may have a query of its own. Default: `/events/orders`. */
  url?: string | URL;
  /** Only events of these types. Default: all order events that the server knows, also those that it learns later. */
  eventTypes?: readonly string[];
  /** Only events of this order, or of these. */
  orderId?: string | readonly string[];
  /** Go on after this id; it goes before `since`, and `since` before `from`. */
  after?: string;
  /** Begin with the first event that was stored at or after this time. */
  since?: string | Date;
  /** Begin with what is published from now on (the default), or with the oldest event that is kept. */
  from?: 'latest' | 'earliest';
  /** Keep the last id under this name, and go on from there when the page is loaded again: it goes before `after`. */
  storageKey?: string;
  /**
   * Where `storageKey` is kept. Default: `localStorage`, which outlasts the tab, and in which all tabs have one place; with
   * `sessionStorage` each tab has its own.
   */
  storage?: Pick<Storage, 'getItem' | 'setItem'>;
  /** Share one connection with all tabs of this origin that follow the same stream. Default: true. */
  shared?: boolean;
  /**
   * How to read. `eventsource` leaves reconnecting to the browser. `fetch` can send headers, notices a connection that died
   * silently, and reads on only when the promise that `onEvent` returns is settled. Default: `eventsource` where there is one.
   */
  transport?: 'eventsource' | 'fetch';
  /** Request headers, with the transport `fetch`. */
  headers?: Readonly<Record<string, string>>;
  /** How often the server says something, its `--heartbeat-seconds`; `fetch` gives up after three of them. Default: 15. */
  heartbeatSeconds?: number;
  /** Pause while the page is hidden. Default: false. */
  pauseWhenHidden?: boolean;
}

/** What a subscriber wants to be told. An error that a handler throws goes to `onError`, and the event counts as handled. */
export interface Handlers {
  /** An order event. A promise that is returned is waited for, unless the transport is an `eventsource` that is not shared. */
  onEvent?(event: OrderEvent): unknown;
  /** Events between the last one and the next one are lost: load the state anew. */
  onGap?(gap: Gap): unknown;
  /** The server ends the stream. The subscription returns, unless the reason is `limit` or `end`. */
  onClosing?(closing: { reason: string }): unknown;
  /** The filter has passed events up to this id. */
  onCheckpoint?(checkpoint: { id: string }): unknown;
  /** The state has changed, or another attempt is due. */
  onState?(state: State): unknown;
  /** A handler has thrown, or the server has answered with something else than a stream. Default: `console.error`. */
  onError?(error: StreamError): unknown;
}

/** What has gone wrong; with the `status` and the `problem` of the server, if it was an answer of its. */
export interface StreamError extends Error {
  status?: number;
  problem?: Problem;
}

export interface OrderEvent {
  id: string;
  type: string;
  /** The parsed data; undefined where it is no JSON. */
  data: any;
  rawData: string;
}

export interface Gap {
  reason: 'expired' | 'foreign' | 'ahead' | (string & {});
  requested: string;
  earliest: string;
  id: string;
}

export interface State {
  state: StateName;
  /** How many attempts have failed since the last good event. */
  attempt: number;
  /** When the next attempt is due; absent where the browser decides. */
  retryInMs?: number;
  /**
   * Why: the reason of a `stream.closing`; `lost`, `refused`, `silent`, `offline`, `online`, `event types` of a connection;
   * `requested`, `hidden`, `frozen` of a pause; `requested`, `limit`, `end` of the end.
   */
  reason?: string;
  /** Whether the connection is one that tabs share. */
  shared: boolean;
}

export type StateName = 'connecting' | 'open' | 'reconnecting' | 'paused' | 'offline' | 'closed';

/** A problem document of RFC 9457. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  [member: string]: unknown;
}

export interface Subscription {
  /** Read nothing more until `resume`; what is published meanwhile comes then, from the server's log. */
  pause(): void;
  resume(): void;
  /** End for good. */
  close(): void;
  readonly state: StateName;
  /** The id to go on after; undefined until the server has given one. */
  readonly lastEventId: string | undefined;
}
