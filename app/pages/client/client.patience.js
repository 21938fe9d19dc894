// A request that is given up with its reader, or when the server takes too long.

/**
 * Make a request, and return what becomes of it. Its connection is closed then, also if nobody has read the whole answer.
 *
 * Not `AbortSignal.any`: WebKit forgets such a signal while only a fetch waits for it, and Safari has it since 17.4.
 * @template T
 * @param {number} patienceMs
 * @param {AbortSignal} signal ends the request earlier
 * @param {(signal: AbortSignal) => Promise<T>} ask makes the request, and reads as much of the answer as is needed
 * @returns {Promise<T>}
 */
export async function withPatience(patienceMs, signal, ask) {
  signal.throwIfAborted();
  const stop = new AbortController();
  signal.addEventListener('abort', () => stop.abort(signal.reason), { signal: stop.signal });
  const timer = setTimeout(() => stop.abort(new DOMException('No answer in time.', 'TimeoutError')), patienceMs);
  try {
    return await ask(stop.signal);
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}
