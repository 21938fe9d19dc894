// Follow a stream with the `eventsource` package, as a Node program would; print each event as one line of JSON.
// node follow.mjs URL TYPE...

import { EventSource } from 'eventsource';

const [url, ...types] = process.argv.slice(2);
const source = new EventSource(url);
const print = ({ type, lastEventId, data }) => console.log(JSON.stringify({ type, id: lastEventId, data }));

source.onmessage = print; // our events have names: an event without one would fail the test
for (const type of types) source.addEventListener(type, print);
source.addEventListener('error', () => {
  if (source.readyState === EventSource.CLOSED) process.exit(0); // the response ended the stream, such as a 204
});
