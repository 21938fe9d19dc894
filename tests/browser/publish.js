// Evaluated by Chromium: make a publisher of the browser client, and keep the calls of its handlers and the results in `window`.
async ([name, options]) => {
  const { publisher } = await import(new URL('/client.publisher.js', location.href));
  const plain = ({ message, reason, status, problem }) => ({ message, reason, status, problem });
  const kept = { calls: [], results: [] };
  const note = (kind) => (value) => void kept.calls.push({ kind, value: value instanceof Error ? plain(value) : value });
  if (options.tokens) options.token = async () => options.tokens.shift();
  kept.publisher = publisher(options, {
    onPublished: note('published'),
    onRefused: note('refused'),
    onState: note('state'),
    onError: note('error'),
  });
  kept.publish = (events) => {
    const number = kept.results.push(null) - 1;
    kept.publisher.publish(events).then(
      (published) => (kept.results[number] = { published }),
      (error) => (kept.results[number] = { error: plain(error) }),
    );
  };
  window.publishers = { ...window.publishers, [name]: kept };
}
