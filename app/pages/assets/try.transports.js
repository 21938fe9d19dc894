// The transports of the live view: an EventSource and a WebSocket, with the same callbacks.

(() => {
  'use strict';

  const SUBPROTOCOL = 'orders-events.v1.json';
  const KINDS = { events: 'order', gap: 'gap', closing: 'closing' }; // of messages; the others are 'control'
  const LEAST_RETRY_MS = 2000; // the contract asks for a wait between these two; an EventSource has the stream's `retry` instead
  const MOST_RETRY_MS = 5000;
  const ENDED = 'Ended; press Start to try again';
  const FINAL_CODES = [1002, 1003, 1007, 1009]; // the server would close the next connection for the same reason
  const RETRIED_CODES = [4408, 4429]; // the others from 4400 to 4499 are final

  /**
   * A frame to show. `kind`: order, gap, closing or control. `eventType`: what its colour depends on. `wire`: its text on the wire.
   * @typedef {{kind: string, type: string, id: string, data: string, wire: string, eventType?: string, reason?: string}} Frame
   *
   * What to follow. `url`: the stream with its parameters. `socket`: the address of the WebSocket. `orderTypes`, `controlTypes`: the names
   * of the events. `parameterTypes`: the JSON type of each parameter.
   * @typedef {{url: string, socket: string, orderTypes: string[], controlTypes: string[], parameterTypes: Record<string, string>}} Stream
   *
   * `opened` is called after each connection, `lost` before each reconnection. If there will be none, `refused` is called with a problem of
   * the server, or `closed` with a sentence if the browser does not report the reason.
   * @typedef {{opened: () => void, frame: (frame: Frame) => void, lost: () => void, refused: (problem: any) => void,
   *   closed: (how: string) => void}} Callbacks
   */

  /** Follow with an EventSource. @param {Stream} stream @param {Callbacks} on @returns {() => void} a function that stops */
  function followByEventSource({ url, orderTypes, controlTypes }, on) {
    const source = new EventSource(url);
    source.addEventListener('open', on.opened);
    source.addEventListener('error', () => (source.readyState === EventSource.CLOSED ? on.closed(ENDED) : on.lost()));
    for (const type of [...orderTypes, ...controlTypes, 'message']) {
      source.addEventListener(type, (event) => on.frame(frameOfEvent(event, orderTypes)));
    }
    return () => source.close();
  }

  function frameOfEvent({ type, lastEventId, data }, orderTypes) {
    const kind = orderTypes.includes(type) ? 'order' : type === 'stream.gap' ? 'gap' : type === 'stream.closing' ? 'closing' : 'control';
    // With a closing frame an EventSource reports the last id; on the wire the frame has none.
    const id = kind === 'closing' ? '' : lastEventId;
    const wire = [...(id ? [`id: ${id}`] : []), `event: ${type}`, `data: ${data}`, ''].join('\n');
    const reason = kind === 'gap' || kind === 'closing' ? JSON.parse(data).reason : undefined;
    return { kind, type, id, data, wire, eventType: type, reason };
  }

  /** Follow with a WebSocket, and show what is sent, too. @param {Stream} stream @param {Callbacks} on @returns {() => void} a function that stops */
  function followByWebSocket(stream, on) {
    let wasOpen = false;
    let lastId;
    let socket;
    let timer;

    function connect() {
      socket = new WebSocket(stream.socket, SUBPROTOCOL);
      socket.onopen = () => {
        wasOpen = true;
        const text = JSON.stringify(subscribeMessage(stream, lastId));
        socket.send(text);
        on.opened();
        on.frame(frameOfMessage(text));
      };
      socket.onmessage = ({ data }) => receive(data);
      socket.onclose = ({ code, reason }) => {
        if (!wasOpen) on.closed('Not connected: the server, or a proxy before it, does not allow this page a WebSocket');
        else if (isFinal(code)) on.closed(`Closed by the server (${code}): ${reason}`);
        else reconnect();
      };
    }

    function receive(text) {
      const message = JSON.parse(text);
      lastId = message.lastEventId ?? lastId;
      on.frame(frameOfMessage(text));
      if (message.type === 'error') on.refused(message.problem);
      if (message.type === 'closing') socket.close(); // the subscription is over; what follows needs another one
    }

    function reconnect() {
      on.lost();
      timer = setTimeout(connect, LEAST_RETRY_MS + Math.random() * (MOST_RETRY_MS - LEAST_RETRY_MS));
    }

    connect();
    return () => {
      clearTimeout(timer);
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    };
  }

  function frameOfMessage(text) {
    const { type, lastEventId, reason, events } = JSON.parse(text);
    const id = type === 'subscribe' ? '' : (lastEventId ?? '');
    return { kind: KINDS[type] ?? 'control', type, id, data: text, wire: text, eventType: events?.[0]?.eventType, reason };
  }

  /** Return the message that begins the subscription: it has the parameters of the stream. */
  function subscribeMessage({ url, parameterTypes }, lastId) {
    const message = { type: 'subscribe', subscription: 1 };
    const query = new URL(url).searchParams;
    for (const name of new Set(query.keys())) {
      const texts = query.getAll(name);
      message[name] = parameterTypes[name] === 'array' ? texts.flatMap((each) => each.split(',')) : valueOf(texts[0], parameterTypes[name]);
    }
    return lastId ? { ...message, lastEventId: lastId } : message;
  }

  function valueOf(text, type) {
    return type === 'string' ? text : JSON.parse(text);
  }

  function isFinal(code) {
    return FINAL_CODES.includes(code) || (code >= 4400 && code < 4500 && !RETRIED_CODES.includes(code));
  }

  /** Each with the words that show how to do the same without the page. */
  window.transports = {
    sse: { follow: followByEventSource, same: 'The same with curl', command: ({ url }) => `curl -N '${url}'` },
    websocket: {
      follow: followByWebSocket,
      same: 'The message that subscribes',
      command: (stream) => JSON.stringify(subscribeMessage(stream), null, 2),
    },
  };
})();
