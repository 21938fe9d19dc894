// Decode a text/event-stream, however it is cut into chunks: bytes in, events out; no I/O, no timers.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

/**
 * An event as a stream dispatches it. `id` is the last id that the stream had said by then.
 * @typedef {{type: string, id: string, data: string}} Frame
 */

export class EventStreamDecoder {
  /** The id to return with. It moves with a block that has an id and no data, too: such a block dispatches nothing. */
  lastEventId;

  /** What the stream asks a client to wait before it returns, once it has said so. @type {number | undefined} */
  retryMs;

  #utf8 = new TextDecoder(); // drops one byte order mark, and replaces what is no UTF-8
  #line = ''; // what has come of a line that is not at its end
  #ended = false; // whether the last line ended with CR: an LF that follows ends no other line
  #type = '';
  #data = '';
  #id;

  /** @param {string} lastEventId the id that the client has returned with: a stream that says no id does not undo it */
  constructor(lastEventId = '') {
    this.lastEventId = this.#id = lastEventId;
  }

  /**
   * Take the next bytes; return the events that they complete. What a stream leaves incomplete at its end is never returned.
   * @param {Uint8Array} bytes
   * @returns {Frame[]}
   */
  decode(bytes) {
    const text = this.#utf8.decode(bytes, { stream: true });
    if (text === '') return [];
    const lines = (this.#ended && text[0] === '\n' ? text.slice(1) : text).split(/\r\n|\n|\r/);
    lines[0] = this.#line + lines[0];
    // A line that ends with CR is over, although an LF may follow: an event must not wait for the next one.
    this.#ended = text.endsWith('\r');
    this.#line = lines.pop();
    const frames = [];
    for (const line of lines) {
      if (line !== '') this.#interpret(line);
      else this.#dispatch(frames);
    }
    return frames;
  }

  #interpret(line) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon); // empty for a comment
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (name === 'data') this.#data += `${value}\n`;
    else if (name === 'event') this.#type = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) this.retryMs = Number(value);
  }

  #dispatch(frames) {
    this.lastEventId = this.#id;
    if (this.#data !== '') {
      frames.push({ type: this.#type || 'message', id: this.#id, data: this.#data.slice(0, -1) });
    }
    this.#type = this.#data = '';
  }
}
