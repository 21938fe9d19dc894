/**
 * Subscribe to order events.
 *
 * The handlers are called for each event that matches, once and in order, across disconnects, restarts of the server, pauses
 * and, with a `storageKey`, page loads; if events are lost, `onGap` is called instead. A subscription resumes after the last
 * event that was handled. No handler is called before `subscribe` has returned.
 *
 *     subscribe({ eventTypes: ['order.cancelled'] }, { onEvent: ({ id, data }) => console.log(id, data.orderId) });
 *
 * Throws a TypeError if an option is not valid.
 */
export function subscribe(options?: Options, handlers?: Handlers): Subscription;

export interface Options {
  /** The address of the stream, which may have a query; a `limit` in it counts across connections. Default: `/events/orders`. */
  url?: string | URL;
  /** Only events of these types. Default: all types of order events, also those that a later version of the server adds. */
  eventTypes?: readonly string[];
  /** Only events of this order, or of these. */
  orderId?: string | readonly string[];
  /** Read the events in this major version of their schemas, the one that the page was written for. Default: the oldest that there is. */
  majorVersion?: number;
  /** Begin after the event with this id. If it is given, `since` is ignored; if `since` is given, `from` is ignored. */
  after?: string;
  /** Begin with the first event that was stored at or after this time. */
  since?: string | Date;
  /** Begin with the next event to be published (the default), or with the oldest event that is stored. */
  from?: 'latest' | 'earliest';
  /** Store the last id under this name, and resume after it when the page is loaded again. It replaces `after`. */
  storageKey?: string;
  /**
   * Where the last id is stored. Default: `localStorage`, which outlasts the tab and is the same for all tabs; with
   * `sessionStorage` each tab has its own.
   */
  storage?: Pick<Storage, 'getItem' | 'setItem'>;
  /** Share one connection with all tabs of this origin that follow the same stream. Default: true. */
  shared?: boolean;
  /**
   * How to read; events, ids and handlers are the same. Default: `sse`.
   *
   * - `sse`: an event stream, by `eventsource` if there is one, else by `fetch`.
   * - `eventsource` leaves reconnecting to the browser.
   * - `fetch` can send headers, notices a connection that died silently, and waits for the promise that `onEvent` returns. If
   *   more than 4 MB wait for the handler, it ends the connection, and reads on from the server's log once the handler has caught up.
   * - `websocket`: the streams of a page, or of all tabs if they are shared, have one connection. It notices a connection that died
   *   silently, and waits for the promise that `onEvent` returns, within the same bound.
   * - `auto`: an event stream by `fetch`; and WebSocket, if a proxy holds back the first event of two streams running for 10 seconds.
   */
  transport?: 'sse' | 'websocket' | 'auto' | 'eventsource' | 'fetch';
  /** Request headers, only with the transport `fetch`. */
  headers?: Readonly<Record<string, string>>;
  /**
   * Returns the access token for the next connection; called again if the server does not accept it, and after it has expired. Not with
   * `eventsource`, which sends the cookie of a session instead; `sse` is `fetch` then. The connection is not shared with other tabs.
   */
  token?(): string | Promise<string>;
  /**
   * The server's `--heartbeat-seconds`. A connection that is silent for twice as long is ended, except by `eventsource`.
   * Default: 15.
   */
  heartbeatSeconds?: number;
  /** Pause while the page is hidden. Default: false. */
  pauseWhenHidden?: boolean;
}

/** Functions to call. An error that a handler throws goes to `onError`, and the event counts as handled. */
export interface Handlers {
  /** An order event. If it returns a promise, the next event waits for it, except on an `eventsource` that is not shared. */
  onEvent?(event: OrderEvent): unknown;
  /** Events between the last one and the next one are lost: load the state anew. */
  onGap?(gap: Gap): unknown;
  /**
   * What is read is deprecated; called once for each such major version of an event type. Default: `console.warn`. After its sunset the
   * subscription is refused, if there is a successor: `onError` gets the problem, and the state is `closed`.
   */
  onDeprecation?(deprecation: Deprecation): unknown;
  /** The server ends the stream. The subscription connects again, unless the reason is `limit` or `end`. */
  onClosing?(closing: { reason: string }): unknown;
  /** Up to this id, the filter has skipped all events. */
  onCheckpoint?(checkpoint: { id: string }): unknown;
  /** The state has changed, or the time of the next attempt is known. */
  onState?(state: State): unknown;
  /** A handler has thrown, or the server has answered with something other than a stream. Default: `console.error`. */
  onError?(error: StreamError): unknown;
}

/** An error; with `status` and `problem` if it is an answer of the server. */
export interface StreamError extends Error {
  status?: number;
  problem?: Problem;
  /** How long the server asks to wait (`Retry-After`), if it does; 0 if not. */
  retryAfterMs?: number;
}

export interface OrderEvent {
  id: string;
  type: string;
  /** The parsed data; undefined if it is not JSON. */
  data: any;
  rawData: string;
}

export interface Gap {
  reason: 'expired' | 'foreign' | 'ahead' | (string & {});
  requested: string;
  earliest: string;
  id: string;
}

/** A major version of an event type that is deprecated. The days are dates of RFC 3339, and begin at midnight UTC. */
export interface Deprecation {
  type: 'stream.deprecation';
  eventType: string;
  majorVersion: number;
  deprecatedOn: string;
  /** The day on which it ends, if that is decided. */
  sunsetOn?: string;
  /** The `majorVersion` to ask for, if there is a newer one. */
  successor?: number;
}

export interface State {
  state: StateName;
  /** How many attempts have failed since the last event. */
  attempt: number;
  /** The wait before the next attempt; absent if the browser decides. */
  retryInMs?: number;
  /**
   * Why the state has changed. A connection ended: the reason of a `stream.closing`, or `lost`, `refused`, `silent`, `offline`,
   * `online`, `event types`. A pause: `requested`, `hidden`, `frozen`. The end: `requested`, `limit`, `end`, `refused` (what
   * was asked for is retired, or a WebSocket was closed with a code that forbids to return). `token`: the token function has thrown.
   */
  reason?: string;
  /** Whether tabs share the connection. */
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
  /** Read nothing until `resume`. Events that are published meanwhile come then, from the server's log. */
  pause(): void;
  resume(): void;
  /** End the subscription for good. */
  close(): void;
  readonly state: StateName;
  /** The id to resume after; undefined until the server has sent one. */
  readonly lastEventId: string | undefined;
}
