// Start Scalar on the served contract, at the address in the browser, with everything turned off that would load from other hosts.

(async () => {
  'use strict';

  const ORIGIN = 'http://127.0.0.1:8000'; // the default, which the texts of the contract show
  const explorer = document.getElementById('content');
  const root = new URL(document.documentElement.dataset.root, location.href).href.replace(/\/$/, '');
  const response = await fetch(explorer.dataset.document);
  const contract = (await response.text()).replaceAll(ORIGIN, root);

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
})();
