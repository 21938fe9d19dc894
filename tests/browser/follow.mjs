// Follow a stream with the `eventsource` package, as a Node program would; print each event as one line of JSON.
// node follow.mjs URL TYPE...
//
// Node's fetch asks for gzip by itself, so a stream that is not compressed is a fault.

import { EventSource } from 'eventsource';

const [url, ...types] = process.argv.slice(2);
const fetchCompressed = async (...request) => {
  const response = await fetch(...request);
  if (response.status === 200 && response.headers.get('content-encoding') !== 'gzip') throw new Error('The stream is not compressed.');
  return response;
};
const source = new EventSource(url, { fetch: fetchCompressed });
const print = ({ type, lastEventId, data }) => console.log(JSON.stringify({ type, id: lastEventId, data }));

source.onmessage = print; // our events have names: an event without one would fail the test
for (const type of types) source.addEventListener(type, print);
source.addEventListener('error', () => {
  if (source.readyState === EventSource.CLOSED) process.exit(0); // the response ended the stream, such as a 204
});
