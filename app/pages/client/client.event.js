// What a frame of the stream says, as a subscriber is told it.

/** @typedef {import('./client.decoder.js').Frame} Frame */

/**
 * Read the data of a frame; undefined where it is no JSON, as it always is by the contract.
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
 * Tell a subscriber of a frame, by the handler that is for its type. A control event that is not known says nothing.
 * @param {Frame} frame
 * @param {import('./client.d.ts').Handlers} handlers
 * @returns {unknown} what the handler returns
 */
export function tell(frame, handlers) {
  const { type, id } = frame;
  switch (type) {
    case 'stream.checkpoint':
      return handlers.onCheckpoint?.({ id });
    case 'stream.gap':
      return handlers.onGap?.({ ...dataOf(frame), id });
    case 'stream.closing':
      return handlers.onClosing?.({ ...dataOf(frame) });
    default:
      return type.startsWith('stream.') ? undefined : handlers.onEvent?.(eventOf(frame));
  }
}

function eventOf(frame) {
  return { id: frame.id, type: frame.type, data: dataOf(frame), rawData: frame.data };
}
