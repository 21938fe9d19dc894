// Decode every stream of the corpus in many chunkings; print, as JSON by name, the chunkings with a wrong result.
// node decode.mjs FOLDER_OF_THE_CLIENT CORPUS

import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';

const [folder, corpus] = process.argv.slice(2);
const { EventStreamDecoder } = await import(`${folder}/client.decoder.js`);

function decode(bytes, cuts) {
  const decoder = new EventStreamDecoder();
  const events = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    events.push(...decoder.decode(bytes.subarray(start, cut)));
    start = cut;
  }
  return { events, lastEventId: decoder.lastEventId, retryMs: decoder.retryMs };
}

function* chunkings(length) {
  for (let size = 1; size < 8; size += 1) yield Array.from({ length: Math.floor(length / size) }, (_, index) => index * size);
  const step = Math.ceil((length + 1) / 250); // a long stream is cut at some places only
  for (let first = 0; first <= length; first += step) {
    for (let second = first; second <= length; second += step) yield [first, second];
  }
  if (length > 14) return;
  for (let set = 0; set < 2 ** length; set += 1) {
    yield Array.from({ length }, (_, index) => index).filter((index) => (set >> index) & 1);
  }
}

const wrong = {};
let tried = 0;
for (const { name, stream, hex, events, lastEventId, retryMs } of JSON.parse(await readFile(corpus, 'utf8'))) {
  const bytes = hex === undefined ? new TextEncoder().encode(stream) : Uint8Array.from(Buffer.from(hex, 'hex'));
  wrong[name] = [];
  for (const cuts of chunkings(bytes.length)) {
    const decoded = decode(bytes, cuts);
    tried += 1;
    if (!isDeepStrictEqual(decoded, { events, lastEventId, retryMs })) wrong[name].push({ cuts, decoded });
    if (wrong[name].length > 3) break;
  }
}
console.log(JSON.stringify({ tried, wrong }));
