// Keep the place of a subscription across page loads.

/** @type {Pick<Storage, 'getItem' | 'setItem'>} */
const NOTHING = { getItem: () => null, setItem: () => {} };

const ID = /^[\w-]{1,64}$/; // what the contract lets an id be
const UNKNOWN = 'unknown';

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
    read: () => idOf(attempt(() => kept.getItem(storageKey))),
    write: (id) => attempt(() => kept.setItem(storageKey, id)),
  };
}

/** What is kept and can be no id would be refused for ever. As an id that no log knows it is answered with a gap instead. */
function idOf(kept) {
  if (!kept) return undefined;
  return ID.test(kept) ? kept : UNKNOWN;
}
