// Keep the last id of a subscription across page loads.

/** @type {Pick<Storage, 'getItem' | 'setItem'>} */
const NOTHING = { getItem: () => null, setItem: () => {} };

const ID = /^[\w-]{1,64}$/; // the pattern of ids in the contract
const UNKNOWN = 'unknown';

/**
 * Return functions that read and write the id under the key of the options. Without a key they do nothing.
 * @param {import('./client.d.ts').Options} options
 * @param {(error: Error) => void} fail called once, if the browser stores nothing
 */
export function storedPlace({ storageKey, storage }, fail) {
  let kept = storageKey === undefined ? NOTHING : undefined;
  const attempt = (work) => {
    try {
      kept ??= storage ?? globalThis.localStorage; // it throws if cookies are blocked
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

/** A stored text that cannot be an id would be refused for ever. It is replaced by an id that no log knows, so that a gap comes. */
function idOf(kept) {
  if (!kept) return undefined;
  return ID.test(kept) ? kept : UNKNOWN;
}
