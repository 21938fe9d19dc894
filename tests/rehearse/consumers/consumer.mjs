// A consumer of the stream with fetch alone. It has the fault that its argument names; `none` is a good one.

const fault = process.argv[2];
const url = `${process.env.ORDERS_EVENTS_URL}/events/orders`;
const applied = new Set();
let lastId = '';
let retryMs = 1000;
let failures = 0;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const report = (value) =>
  fetch(process.env.ORDERS_EVENTS_REPORT_URL, { method: 'POST', body: JSON.stringify(value) });

async function handle({ id, event = 'message', data }) {
  if (event === 'stream.closing' && ['end', 'limit'].includes(JSON.parse(data).reason)) {
    return fault === 'reconnects-after-end';
  }
  if (event === 'stream.gap' && fault !== 'ignores-gaps') await report({ gap: JSON.parse(data).reason });
  if (event.startsWith('order.') && (!applied.has(id) || fault === 'acts-twice')) {
    applied.add(id);
    await report({ id, data: JSON.parse(data) });
  }
  if (!/^(order|stream)\./.test(event) && fault === 'dies-of-unknown-events') throw new TypeError(`What is ${event}?`);
  if (id) lastId = id;
  return true;
}

async function follow(signal, alive) {
  const headers = { Accept: 'text/event-stream', ...(lastId && fault !== 'drops-id' && { 'Last-Event-ID': lastId }) };
  const response = await fetch(url, { headers, signal });
  if (response.status === 204) return fault === 'reconnects-after-204';
  if (response.status === 401 && fault !== 'hammers-after-401') return false;
  if (response.status !== 200 || !response.headers.get('Content-Type').startsWith('text/event-stream')) {
    failures += 1;
    if (fault !== 'ignores-retry-after') await sleep(1000 * Number(response.headers.get('Retry-After')));
    return true;
  }
  if (fault === 'buffers') {
    alive(600_000);
    await response.clone().text();
  }
  const decoder = new TextDecoder();
  let text = '';
  let frame = {};
  for await (const bytes of response.body) {
    alive(600_000); // while it applies what has come
    text += fault === 'splits-utf-8' ? Buffer.from(bytes).toString() : decoder.decode(bytes, { stream: true });
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    text = lines.pop();
    for (const line of lines) {
      const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
      if (line !== '') frame[name] = value;
      if (name === 'retry') retryMs = Number(value);
      if (line !== '') continue;
      if (frame.data !== undefined && !(await handle(frame))) return false;
      frame = {};
      failures = 0;
    }
    alive();
  }
  return true;
}

async function comeBack() {
  const stop = new AbortController();
  let timer;
  const alive = (silentMs = 2000) => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(), silentMs);
  };
  alive();
  try {
    return await follow(stop.signal, alive);
  } catch (error) {
    if (fault === 'dies-of-a-reset' || error.message.startsWith('What is')) throw error;
    return true;
  } finally {
    clearTimeout(timer);
  }
}

async function followForEver() {
  while (await comeBack()) {
    const wait = failures > 0 ? retryMs + Math.random() * retryMs * 2 ** failures : retryMs;
    await sleep(fault === 'no-backoff' ? 0 : wait);
  }
  process.exit();
}

if (fault === 'opens-two') void followForEver();
await followForEver();
