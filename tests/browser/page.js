// What a web page does with a stream, for Chromium to evaluate: keep everything that an EventSource says in `window`.
([url, types]) => {
  window.seen = [];
  window.lost = 0;
  window.source = new EventSource(url);
  const keep = ({ type, lastEventId, data }) => window.seen.push({ type, id: lastEventId, data });
  window.source.onmessage = keep; // no event of ours has no name: the test would see it
  for (const type of types) window.source.addEventListener(type, keep);
  window.source.onerror = () => (window.lost += 1);
}
