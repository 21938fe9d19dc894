// Keep the place of a subscription across page loads.

/** @type {Pick<Storage, 'getItem' | 'setItem'>} */
const NOTHING = { getItem: () => null, setItem: () => {} };

/**
 * Open what is kept under the key of the options: nothing where there is no key.
 * @param {import('./client.d.ts').Options} options
 * @param {(error: Error) => void} fail told once, if the browser keeps nothing
 */
export function storedPlace({ storageKey, storage }, fail) {
  let kept = storageKey === undefined ? NOTHING : undefined;
  const attempt = (work) => {
    try {
      kept ??= storage ?? globalThis.localStorage; // it throws where cookies are blocked
      return work();
    } catch (error) {
      kept = NOTHING;
      fail(error);
      return null;
    }
  };
  return {
    read: () => attempt(() => kept.getItem(storageKey)) || undefined,
    write: (id) => attempt(() => kept.setItem(storageKey, id)),
  };
}
