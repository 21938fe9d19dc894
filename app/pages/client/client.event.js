// Turn a frame of the stream into the arguments of a handler.

/** @typedef {import('./client.decoder.js').Frame} Frame */

/**
 * Parse the data of a frame. Return undefined if it is not JSON; by the contract it always is.
 * @param {Frame} frame
 * @returns {any}
 */
export function dataOf(frame) {
  try {
    return JSON.parse(frame.data);
  } catch {
    return undefined;
  }
}

/**
 * Call the handler for the type of a frame. An unknown control event has none.
 * @param {Frame} frame
 * @param {import('./client.d.ts').Handlers} handlers
 * @returns {unknown} the result of the handler
 */
export function callHandler(frame, handlers) {
  const { type, id } = frame;
  switch (type) {
    case 'stream.checkpoint':
      return handlers.onCheckpoint?.({ id });
    case 'stream.gap':
      return handlers.onGap?.({ ...dataOf(frame), id });
    case 'stream.deprecation':
      return (handlers.onDeprecation ?? console.warn)({ type, ...dataOf(frame) });
    case 'stream.closing':
      return handlers.onClosing?.({ ...dataOf(frame) });
    default:
      return type.startsWith('stream.') ? undefined : handlers.onEvent?.(eventOf(frame));
  }
}

function eventOf(frame) {
  return { id: frame.id, type: frame.type, data: dataOf(frame), rawData: frame.data };
}
