// Start Scalar on the served contract, with everything switched off that would leave this host.

(() => {
  'use strict';

  const explorer = document.getElementById('content');

  Scalar.createApiReference(explorer, {
    url: new URL(explorer.dataset.document, location.href).href,
    proxyUrl: '',
    telemetry: false,
    withDefaultFonts: false,
    showDeveloperTools: 'never',
    agent: { disabled: true },
    hideClientButton: true,
    theme: 'default',
  });
})();
