// Decode a text/event-stream from bytes, in chunks of any size. No I/O, no timers.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

/**
 * An event of a stream. `id` is the last id that the stream had sent at that moment.
 * @typedef {{type: string, id: string, data: string}} Frame
 */

export class EventStreamDecoder {
  /** The id to resume after. A block with an id and without data moves it too, although it is not an event. */
  lastEventId;

  /** How long the stream asks clients to wait before they connect again; undefined until it does. @type {number | undefined} */
  retryMs;

  #utf8 = new TextDecoder(); // drops one byte order mark, and replaces bytes that are not UTF-8
  #line = ''; // the beginning of a line whose end has not arrived
  #ended = false; // whether the last line ended with CR: if an LF follows, it belongs to that line end
  #type = '';
  #data = '';
  #id;

  /** @param {string} lastEventId the id that the client resumes after; it stays until the stream sends another one */
  constructor(lastEventId = '') {
    this.lastEventId = this.#id = lastEventId;
  }

  /**
   * Decode the next bytes. Return the events that they complete; an event that is incomplete at the end of a stream is dropped.
   * @param {Uint8Array} bytes
   * @returns {Frame[]}
   */
  decode(bytes) {
    const text = this.#utf8.decode(bytes, { stream: true });
    if (text === '') return [];
    const lines = (this.#ended && text[0] === '\n' ? text.slice(1) : text).split(/\r\n|\n|\r/);
    lines[0] = this.#line + lines[0];
    // A CR ends a line, although an LF may follow: an event must not wait for the next chunk.
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
