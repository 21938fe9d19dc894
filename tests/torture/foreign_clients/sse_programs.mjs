// A consumer with a public library for event streams in Node, as its README shows it. The argument is the name of the library.

const url = `${process.env.ORDERS_EVENTS_URL}/events/orders`;
const report = (line) =>
  fetch(process.env.ORDERS_EVENTS_REPORT_URL, { method: 'POST', body: JSON.stringify(line) });

let last = Promise.resolve();

/** Report one after the other: these libraries do not wait for what a listener begins. */
function apply(type, id, data) {
  last = last.then(() => told(type, id, data));
  return last;
}

async function told(type, id, data) {
  if (type === 'stream.gap') await report({ gap: JSON.parse(data).reason });
  else if (type?.startsWith('order.')) await report({ id, data: JSON.parse(data) });
}

const libraries = {
  async eventsource() {
    const { EventSource } = await import('eventsource');
    const source = new EventSource(url);
    const take = ({ type, lastEventId, data }) => apply(type, lastEventId, data);
    for (const type of ['order.shipped', 'order.cancelled', 'stream.gap']) source.addEventListener(type, take);
    source.addEventListener('stream.closing', ({ data }) => {
      if (['end', 'limit'].includes(JSON.parse(data).reason)) source.close();
    });
  },
  async 'eventsource-client'() {
    const { createEventSource } = await import('eventsource-client');
    const source = createEventSource(url);
    for await (const { event, id, data } of source) {
      await apply(event, id, data);
      if (event === 'stream.closing' && ['end', 'limit'].includes(JSON.parse(data).reason)) source.close();
    }
  },
  async '@microsoft/fetch-event-source'() {
    const listeners = { addEventListener() {}, removeEventListener() {}, hidden: false }; // it is made for pages
    Object.assign(globalThis, { document: listeners, window: globalThis });
    const { fetchEventSource } = await import('@microsoft/fetch-event-source');
    const stop = new AbortController();
    await fetchEventSource(url, {
      signal: stop.signal,
      openWhenHidden: true,
      onmessage({ event, id, data }) {
        apply(event, id, data);
        if (event === 'stream.closing' && ['end', 'limit'].includes(JSON.parse(data).reason)) stop.abort();
      },
    });
  },
};

await libraries[process.argv[2]]();
