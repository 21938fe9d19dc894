// Evaluated by Chromium: subscribe with the browser client, and keep the calls of its handlers, in order, in `window`.
async ([name, options]) => {
  const { subscribe } = await import(new URL('/client.js', location.href));
  const calls = [];
  const note = (kind) => (value) => void calls.push({ kind, value });
  let letGo = () => {};
  if (options.tokens) options.token = async () => options.tokens.shift();
  const subscription = subscribe(options, {
    onEvent: async (event) => {
      if (kept.held) await new Promise((resolve) => (letGo = resolve));
      calls.push({ kind: 'event', value: event });
    },
    onGap: note('gap'),
    onDeprecation: note('deprecation'),
    onClosing: note('closing'),
    onCheckpoint: note('checkpoint'),
    onState: note('state'),
    onError: ({ message, status, problem }) => calls.push({ kind: 'error', value: { message, status, problem } }),
  });
  const kept = { subscription, calls, held: false };
  kept.release = () => {
    kept.held = false;
    letGo();
  };
  window.subscriptions = { ...window.subscriptions, [name]: kept };
}
