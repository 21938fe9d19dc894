// The access token of requests: a function of the page returns it, and is called before each connection.

/** @typedef {() => string | Promise<string>} TokenFunction */

/** The token function has thrown. `cause` is its error. */
export class NoToken extends Error {}

/**
 * Return the token for the next connection.
 * @param {TokenFunction} token
 * @param {AbortSignal} signal ends the wait for a function that never returns
 * @returns {Promise<string>}
 * @throws a NoToken, or the reason of the signal
 */
export function askFor(token, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    const fail = (cause) => reject(new NoToken('The token function has thrown.', { cause }));
    (async () => token())().then(resolve, fail);
  });
}

/**
 * Send a request with its token; once more with a new one if the server does not accept the token. Without a token, as fetch does.
 * @param {string | URL} url
 * @param {{token?: TokenFunction}} request
 * @param {RequestInit & {signal: AbortSignal}} options
 * @returns {Promise<Response>}
 */
export async function fetchWithToken(url, { token }, options) {
  if (!token) return fetch(url, options);
  const response = await send();
  if (response.status !== 401) return response;
  await response.body?.cancel();
  return send();

  async function send() {
    const headers = { ...options.headers, Authorization: `Bearer ${await askFor(token, options.signal)}` };
    return fetch(url, { ...options, headers });
  }
}
