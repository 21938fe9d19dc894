// UUIDs of version 7, which sort by the time at which they were made (RFC 9562). `crypto.randomUUID` makes version 4 only, and not on
// origins that are not secure.

const MOST_IN_A_MILLISECOND = 0xfff;

let time = 0; // of the newest id
let count = 0; // of the ids with the same time

/**
 * Make an id that sorts after every id that this page has made.
 * @param {string} [newest] an id, or a text that begins with one, of another page: the new one sorts after it, whatever the clock says
 * @returns {string}
 */
export function uuid7(newest = '') {
  const least = parseInt(newest.replace('-', '').slice(0, 12), 16) || 0;
  const now = Math.max(Date.now(), least + 1);
  if (now > time) [time, count] = [now, 0];
  else if (++count > MOST_IN_A_MILLISECOND) [time, count] = [time + 1, 0];
  const random = crypto.getRandomValues(new Uint8Array(8));
  random[0] = (random[0] & 0x3f) | 0x80;
  const text = `${hex(time, 12)}7${hex(count, 3)}${Array.from(random, (byte) => hex(byte, 2)).join('')}`;
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function hex(number, digits) {
  return number.toString(16).padStart(digits, '0');
}
