// A server of the same contract in another language, with nothing but Node and in memory: `orders-events check` judges promises, not a program.
// Started as `node server.js FILE`; the file has the OpenAPI document, the list of event types, and their schemas by path.
'use strict';

const { readFileSync } = require('node:fs');
const { randomUUID } = require('node:crypto');
const http = require('node:http');
const { Problem, ascii, canonical, parse } = require('./strict_json.js');
const { TYPES, isTime, violations } = require('./schemas.js');

const { document, eventTypes, schemas } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const EVENTS = '/events/orders';
const BODY = document.paths[EVENTS].post.requestBody;
const HEARTBEAT_MS = document['x-promises'].heartbeatSeconds * 500;
const epoch = Math.random().toString(36).slice(2, 10).padEnd(8, '0');
const log = []; // {offset, id, eventType, schemaVersion, eventId, data, text, named, storedAt}
const streams = new Set();
const idOf = (offset) => `${epoch}-${offset}`;
const orderTypes = eventTypes.filter((each) => each.kind === 'order').map((each) => each.eventType);

const badParameter = (name) =>
  new Problem(400, 'invalid-parameter', { errors: [{ in: 'query', name: name.slice(0, 64), message: 'is not as the contract says' }] });

// Publishing

function* eventViolations(event) {
  if (!TYPES.object(event)) return yield '';
  for (const name of Object.keys(event)) if (!['eventType', 'data', 'eventId', 'schemaVersion'].includes(name)) yield `/${name}`;
  const versions = eventTypes.find((each) => each.eventType === event.eventType && each.kind === 'order')?.versions;
  if (!versions) return yield '/eventType';
  const version = event.schemaVersion ?? versions.at(-1).version;
  const listed = versions.find((each) => each.version === version);
  if (!listed) return yield '/schemaVersion';
  if ('eventId' in event && !/^[0-9A-Za-z_.:-]{1,128}(?!\n)$/.test(event.eventId)) yield '/eventId';
  yield* violations(schemas[listed.schema], event.data, '/data');
}

function publish(bytes) {
  const body = parse(bytes, BODY['x-max-json-values']);
  const events = Array.isArray(body) ? body : [body];
  const found = events.flatMap((event, index) => [...eventViolations(event)].slice(0, 10).map((pointer) => ({ index, pointer, message: 'is wrong' })));
  if (events.length < 1 || events.length > 1000) found.splice(0, Infinity, { index: 0, pointer: '', message: 'must have 1 to 1000 items' });
  if (found.length) throw new Problem(422, 'contract-violation', { violations: found.slice(0, 200), total: found.length });
  const known = new Map(log.map((each) => [each.eventId, each]));
  const fresh = [];
  const results = events.map((event, index) => {
    const versions = eventTypes.find((each) => each.eventType === event.eventType).versions;
    const before = known.get(event.eventId);
    const same = before && before.eventType === event.eventType && canonical(before.data) === canonical(event.data) &&
      (event.schemaVersion ?? before.schemaVersion) === before.schemaVersion;
    if (before && !same) throw new Problem(409, 'event-id-conflict', { index });
    if (before) return { ...before, duplicate: true };
    const offset = log.length + fresh.length + 1;
    const stored = { offset, id: idOf(offset), eventType: event.eventType, schemaVersion: event.schemaVersion ?? versions.at(-1).version,
      eventId: event.eventId ?? randomUUID(), data: event.data, storedAt: Math.max(Date.now(), log.at(-1)?.storedAt ?? 0) };
    fresh.push(stored);
    known.set(stored.eventId, stored);
    return { ...stored, duplicate: false };
  });
  log.push(...fresh);
  for (const wake of streams) wake();
  return { events: results.map(({ id, eventType, schemaVersion, eventId, duplicate }) => ({ id, eventType, schemaVersion, eventId, duplicate })) };
}

// Reading

const one = (pattern) => (text) => pattern.test(text);
const number = (least, most) => (text) => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;
const listOf = (test) => (text) => text.split(',').length <= 100 && text.split(',').every(test);
const READING = { eventTypes: listOf((each) => orderTypes.includes(each)), orderId: listOf(one(/^[0-9A-Za-z_.:-]{1,128}$/)),
  lastEventId: one(/^[0-9A-Za-z_-]{0,64}(?!\n)$/), since: isTime, from: one(/^(latest|earliest)$/), follow: one(/^(true|false)$/),
  limit: number(1, 1000000), wait: number(0, 30), majorVersion: one(/^1$/) };
const COUNTING = { eventTypes: READING.eventTypes, orderId: READING.orderId, since: isTime, until: isTime, intervalSeconds: number(1, 315360000) };

function parameters(url, known) {
  const found = {};
  for (const [name, text] of url.searchParams) {
    const isList = name === 'eventTypes' || name === 'orderId';
    if (!known[name]?.(text) || (name in found && !isList)) throw badParameter(name);
    found[name] = isList ? [...(found[name] ?? []), ...text.split(',')] : text;
  }
  return found;
}

function startOf(asked, header) {
  const id = header || asked.lastEventId;
  if (id) {
    const offset = id.startsWith(`${epoch}-`) && /^(0|[1-9]\d{0,17})$/.test(id.slice(9)) ? Number(id.slice(9)) : -1;
    if (offset >= 0 && offset <= log.length) return { after: offset };
    return { after: 0, gap: { reason: offset < 0 ? 'foreign' : 'ahead', requested: id, earliest: idOf(0) } };
  }
  if (asked.since) {
    const first = log.findIndex((each) => each.storedAt >= Date.parse(asked.since));
    return { after: first < 0 ? log.length : first };
  }
  return { after: asked.from === 'earliest' ? 0 : log.length };
}

const matcher = ({ eventTypes: types, orderId: orders }) => (event) =>
  (!types || types.includes(event.eventType)) && (!orders || orders.includes(event.data.orderId));

function page(asked, start, response) {
  const limit = Number(asked.limit ?? 100);
  if (limit > 1000) throw badParameter('limit');
  if (start.gap) throw new Problem(410, 'position-lost', start.gap);
  const deadline = Date.now() + 1000 * Number(asked.wait ?? 0);
  const answer = () => {
    const found = log.slice(start.after).filter(matcher(asked)).slice(0, limit);
    if (response.headersSent || (!found.length && Date.now() < deadline)) return;
    streams.delete(answer);
    const events = found.map(({ id, eventType, schemaVersion, data, storedAt }) => ({ id, eventType, schemaVersion, data, storedAt: new Date(storedAt).toISOString() }));
    send(response, 200, 'application/json', { events, lastEventId: found.length === limit ? found.at(-1).id : idOf(log.length) });
  };
  streams.add(answer);
  setTimeout(answer, deadline - Date.now());
  answer();
}

function stream(asked, start, request, response) {
  const follow = asked.follow !== 'false';
  const end = follow ? Infinity : log.length;
  if (!follow && !start.gap && start.after === end) return send(response, 204);
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' });
  if (request.method === 'HEAD') return response.end();
  const frame = (event, data, id) => `${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${data}\n\n`;
  let { after } = start;
  let sent = after;
  let left = Number(asked.limit ?? Infinity);
  const opening = start.gap ? frame('stream.gap', ascii(start.gap), start.gap.earliest) : frame('stream.checkpoint', '{}', idOf(after));
  response.write(`retry: ${2000 + Math.floor(3000 * Math.random())}\n: foreign\n${opening}`);
  const matches = matcher(asked);
  const close = (reason) => {
    streams.delete(pump);
    response.end(frame('stream.closing', ascii({ reason })));
  };
  function pump() {
    for (; after < Math.min(end, log.length) && left; after++) {
      if (!matches(log[after])) continue;
      response.write(frame(log[after].eventType, ascii(log[after].data), log[after].id));
      sent = after + 1;
      left--;
    }
    if (!left) return close('limit');
    if (after < end) return undefined;
    if (sent < after) response.write(frame('stream.checkpoint', '{}', idOf(after)));
    return close('end');
  }
  const beat = setInterval(() => {
    response.write(sent < after ? frame('stream.checkpoint', '{}', idOf(after)) : ':\n');
    sent = after;
  }, HEARTBEAT_MS);
  response.on('close', () => {
    clearInterval(beat);
    streams.delete(pump);
  });
  streams.add(pump);
  pump();
}

function counts(asked) {
  const [since, until] = [asked.since, asked.until].map((each) => each && Date.parse(each));
  const chosen = log.filter(matcher(asked)).filter((each) => each.storedAt >= (since ?? 0) && each.storedAt < (until ?? Infinity));
  const range = (until ?? Date.now()) - (since ?? chosen[0]?.storedAt ?? Date.now());
  const seconds = Number(asked.intervalSeconds ?? Math.max(1, Math.ceil(range / 100000)));
  if (range / 1000 / seconds > 1000) throw badParameter('intervalSeconds');
  const intervals = new Map();
  for (const each of chosen) {
    const start = new Date(Math.floor(each.storedAt / 1000 / seconds) * seconds * 1000).toISOString();
    const types = intervals.get(start) ?? {};
    intervals.set(start, { ...types, [each.eventType]: (types[each.eventType] ?? 0) + 1 });
  }
  return { intervalSeconds: seconds, intervals: [...intervals].map(([start, each]) => ({ start, counts: each })), complete: true, lastEventId: idOf(log.length) };
}

// HTTP

const quality = (accept, type) => {
  const ranges = accept.toLowerCase().split(',').map((each) => each.trim().split(/\s*;\s*/));
  const range = [type, `${type.split('/')[0]}/*`, '*/*'].map((name) => ranges.find((each) => each[0] === name)).find(Boolean);
  return range ? Number(range.find((each) => each.startsWith('q='))?.slice(2) ?? 1) : 0;
};

function send(response, status, type, value, headers = {}) {
  const body = value === undefined ? '' : ascii(value);
  response.writeHead(status, { ...(type && { 'Content-Type': type }), 'Cache-Control': 'no-store', ...headers });
  response.end(body);
}

function readEvents(url, request, response) {
  const accept = request.headers.accept || '*/*';
  const [asStream, asPage] = ['text/event-stream', 'application/json'].map((type) => quality(accept, type));
  if (!asStream && !asPage) throw new Problem(406, 'not-acceptable');
  const header = request.headers['last-event-id'] ?? '';
  const asked = parameters(url, READING);
  if (!READING.lastEventId(header)) throw badParameter('Last-Event-ID');
  const start = startOf(asked, header);
  return asPage > asStream ? page(asked, start, response) : stream(asked, start, request, response);
}

async function writeEvents(url, request, response) {
  const [type, charset] = (request.headers['content-type'] ?? '').toLowerCase().split(/\s*;\s*charset=/);
  if (type !== 'application/json' || (charset && charset !== 'utf-8') || request.headers['content-encoding']) throw new Problem(415, 'unsupported-media-type');
  parameters(url, {});
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.length > BODY['x-max-body-bytes']) throw new Problem(413, 'content-too-large');
  send(response, 201, 'application/json', publish(bytes));
}

const readPage = (url, request, response) => {
  const asked = parameters(url, READING);
  return page(asked, startOf(asked, request.headers['last-event-id'] ?? ''), response);
};

const json = (value, type = 'application/json') => (_url, _request, response) => send(response, 200, type, value);
const ROUTES = {
  [EVENTS]: { GET: readEvents, POST: writeEvents },
  [`${EVENTS}/page`]: { GET: readPage },
  [`${EVENTS}/counts`]: { GET: (url, _, response) => send(response, 200, 'application/json', counts(parameters(url, COUNTING))) },
  '/openapi.json': { GET: json(document) },
  '/event-types': { GET: json({ eventTypes }) },
  '/health/live': { GET: json({ status: 'live' }) },
  '/health/ready': { GET: json({ status: 'ready', writable: true }) },
  ...Object.fromEntries(Object.entries(schemas).map(([path, schema]) => [path, { GET: json(schema, 'application/schema+json') }])),
};

http.createServer(async (request, response) => {
  try {
    const url = new URL(request.url, 'http://localhost');
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host)) throw new Problem(421, 'misdirected-request');
    if (url.pathname.startsWith('/problems/')) {
      response.writeHead(200, { 'Content-Type': 'text/html' });
      return response.end(`<h1>${url.pathname.slice(10)}</h1>`);
    }
    const methods = ROUTES[url.pathname];
    if (!methods) throw new Problem(404, 'not-found');
    const operation = methods[request.method === 'HEAD' ? 'GET' : request.method];
    if (!operation) throw new Problem(405, 'method-not-allowed', {}, { Allow: ['HEAD', ...Object.keys(methods)].join(', ') });
    return await operation(url, request, response);
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem(500, 'internal-error');
    const value = { type: `/problems/${problem.type}`, title: problem.type, status: problem.status, detail: 'See the title.', ...problem.members };
    return send(response, problem.status, 'application/problem+json', value, problem.headers);
  }
}).listen(0, '127.0.0.1', function listening() {
  console.log(`http://127.0.0.1:${this.address().port}`);
});
