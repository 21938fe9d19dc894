// Evaluated by Chromium: follow a stream with an EventSource, and keep its events in `window`.
([url, types]) => {
  window.seen = [];
  window.lost = 0;
  window.source = new EventSource(url);
  const keep = ({ type, lastEventId, data }) => window.seen.push({ type, id: lastEventId, data });
  window.source.onmessage = keep; // our events have names: an event without one would fail the test
  for (const type of types) window.source.addEventListener(type, keep);
  window.source.onerror = () => (window.lost += 1);
}
