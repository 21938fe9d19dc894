// Start Scalar on the served contract, at the address in the browser, with everything turned off that would load from other hosts.

(() => {
  'use strict';

  const ORIGIN = 'http://127.0.0.1:8000'; // the default, which the texts of the contract show
  const explorer = document.getElementById('content');
  const root = new URL(document.documentElement.dataset.root, location.href).href.replace(/\/$/, '');

  async function start() {
    if (!canStore()) throw new Error('The explorer stores what you enter, and this browser keeps pages from storing anything.');
    const response = await fetch(explorer.dataset.document);
    if (!response.ok) throw new Error(`The document of the contract cannot be read (${response.status}).`);
    show((await response.text()).replaceAll(ORIGIN, root));
  }

  function show(contract) {
    Scalar.createApiReference(explorer, {
      content: contract,
      servers: [{ url: root, description: 'The server that sent this page.' }],
      proxyUrl: '',
      telemetry: false,
      withDefaultFonts: false,
      showDeveloperTools: 'never',
      agent: { disabled: true },
      hideClientButton: true,
      theme: 'default',
    });
  }

  // Without storage Scalar leaves the page empty.
  function canStore() {
    try {
      return Boolean(localStorage);
    } catch {
      return false;
    }
  }

  start().catch((error) => {
    document.getElementById('explorer-reason').textContent = error.message;
    document.getElementById('explorer-failed').hidden = false;
  });
})();
