// Sign in: exchange an access token, or the one-time code of a link, for the cookie of a session.

(() => {
  'use strict';

  const form = document.getElementById('sign-in');
  const outcome = document.getElementById('sign-in-outcome');
  const url = new URL(form.dataset.session, location.href);
  const STALE_LINK = 'This link was used before, or is older than five minutes. Enter an access token, or start the server again.';

  /** Send a token or a code. Return whether the server accepts it. */
  async function signIn(token, refused) {
    try {
      const response = await fetch(url, { method: 'POST', headers: { Authorization: `Bearer ${token}` }, cache: 'no-store' });
      if (response.ok) {
        form.hidePopover();
        return true;
      }
      outcome.textContent = response.status === 401 ? refused : (await response.json()).detail;
    } catch {
      outcome.textContent = 'The server does not answer.';
    }
    form.showPopover();
    return false;
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const field = form.elements.namedItem('token');
    const token = field.value.trim();
    if (!/^[\w.~+/-]+=*$/.test(token)) outcome.textContent = 'This is not an access token.';
    else if (await signIn(token, 'The server does not accept this token.')) dispatchEvent(new CustomEvent('signed-in', { detail: token }));
    field.value = '';
  });

  document.getElementById('sign-out').addEventListener('click', async () => {
    await fetch(url, { method: 'DELETE', cache: 'no-store' });
    location.reload();
  });

  function redeemCode() {
    const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
    if (!code) return Promise.resolve(false);
    history.replaceState(history.state, '', location.pathname + location.search); // the code stays in no history
    return signIn(code, STALE_LINK);
  }

  // A link to a page that is open already only changes its address. The page is not given the token then.
  addEventListener('hashchange', async () => {
    if (await redeemCode()) dispatchEvent(new CustomEvent('signed-in'));
  });

  /** `ready`: settles when the code of a link has been exchanged. `ask`: called if the server wants a token, or a new one. */
  window.session = {
    ready: redeemCode(),
    ask(why) {
      if (form.matches(':popover-open')) return;
      outcome.textContent = why;
      form.showPopover();
    },
  };
})();
