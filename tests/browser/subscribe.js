// Subscribe with the browser client, for Chromium to evaluate: keep all that the subscription tells, in order, in `window`.
async ([name, options]) => {
  const { subscribe } = await import(new URL('/client.js', location.href));
  const told = [];
  const tell = (kind) => (value) => void told.push({ kind, value });
  let letGo = () => {};
  const subscription = subscribe(options, {
    onEvent: async (event) => {
      if (kept.held) await new Promise((resolve) => (letGo = resolve));
      told.push({ kind: 'event', value: event });
    },
    onGap: tell('gap'),
    onClosing: tell('closing'),
    onCheckpoint: tell('checkpoint'),
    onState: tell('state'),
    onError: ({ message, status, problem }) => told.push({ kind: 'error', value: { message, status, problem } }),
  });
  const kept = { subscription, told, held: false };
  kept.release = () => {
    kept.held = false;
    letGo();
  };
  window.subscriptions = { ...window.subscriptions, [name]: kept };
}
