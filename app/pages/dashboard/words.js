// Numbers, names and times in words.

export const number = (value) => value.toLocaleString('en');

export const times = (count, thing) => `${number(count)} ${thing}${count === 1 ? '' : 's'}`;

export const percent = (part, whole) => `${((part * 100) / whole).toFixed(part === whole || part * 10 >= whole ? 0 : 1)}\u00a0%`;

/** Return the short name of an event type: `Shipped` for `order.shipped`. */
export const nameOf = (type) => capital(inWords(type.slice(type.indexOf('.') + 1)));

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Split an identifier into words: `tracking number` for `trackingNumber`. */
export const inWords = (name) => name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll(/[._-]/g, ' ').toLowerCase();

export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}\u00a0s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}\u00a0min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}\u00a0h`;
  return times(Math.floor(seconds / 86_400), 'day');
}

/** Return a length of time with its two largest units: `2 days 3 h`, `5 min 10 s`. */
export function lapse(ms) {
  const large = duration(ms);
  const unit = UNITS.slice(1).find(([unitMs]) => ms >= unitMs)?.[0] ?? 1000;
  const rest = ms % unit;
  return unit === 1000 || rest < 1000 || duration(rest) === large ? large : `${large} ${duration(rest)}`;
}

export const ago = (ms) => (ms < 1000 ? 'just now' : `${duration(ms)} ago`);

/** Return the local time of day, with the date if it is not today. */
export function clockTime(at) {
  const date = new Date(at);
  return date.toDateString() === new Date().toDateString() ? timeOf(date) : dateTime(at);
}

export function dateTime(at) {
  const date = new Date(at);
  return `${[date.getFullYear(), date.getMonth() + 1, date.getDate()].map(twoDigits).join('-')} ${timeOf(date)}`;
}

/** Return the local time without seconds, with the date if it is not today. */
export const minuteOf = (at) => clockTime(at).slice(0, -3);

/** Return a length of time as an adjective would: `10 seconds`, `15 minutes`, `hour`. */
export function spanOf(ms) {
  const [length, unit] = UNITS.find(([unitMs]) => ms % unitMs === 0);
  return ms === length ? unit : `${number(ms / length)} ${unit}s`;
}

const UNITS = [[604_800_000, 'week'], [86_400_000, 'day'], [3_600_000, 'hour'], [60_000, 'minute'], [1000, 'second']];

const timeOf = (date) => [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');

const twoDigits = (part) => String(part).padStart(2, '0');
