// JSON that every parser reads in the same way, and the problems with which the server refuses.
'use strict';

class Problem extends Error {
  constructor(status, type, members = {}, headers = {}) {
    super(type);
    Object.assign(this, { status, members, headers, type });
  }
}

function parse(bytes, mostValues) {
  let text;
  let at = 0;
  let values = 0;
  const fail = () => {
    throw new Problem(400, 'malformed-body');
  };
  const next = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found?.[0].trim();
  };
  const list = (end, item) => {
    if (next(end)) return;
    do item();
    while (next(/[ \t\n\r]*,/y));
    if (!next(end)) fail();
  };
  const string = () => {
    const found = next(/[ \t\n\r]*"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y) ?? fail();
    const result = JSON.parse(found);
    return /[\ud800-\udfff]/u.test(result) ? fail() : result;
  };
  const number = (found) => {
    const result = Number(found);
    const exact = /[.eE]/.test(found) ? Number.isFinite(result) : Number.isSafeInteger(result);
    return exact ? result : fail();
  };
  const value = (depth) => {
    if (depth > 32) fail();
    if (++values > mostValues) throw new Problem(413, 'content-too-large');
    const members = new Map();
    const items = [];
    if (next(/[ \t\n\r]*\{/y)) {
      list(/[ \t\n\r]*\}/y, () => {
        const name = string();
        if (members.has(name) || !next(/[ \t\n\r]*:/y)) fail();
        members.set(name, value(depth + 1));
      });
      return Object.fromEntries(members);
    }
    if (next(/[ \t\n\r]*\[/y)) {
      list(/[ \t\n\r]*\]/y, () => items.push(value(depth + 1)));
      return items;
    }
    const found = next(/[ \t\n\r]*(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y);
    if (found) return /^[tfn]/.test(found) ? JSON.parse(found) : number(found);
    return string();
  };
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    fail();
  }
  const result = value(1);
  return /^[ \t\n\r]*$/.test(text.slice(at)) ? result : fail();
}

const canonical = (value) =>
  JSON.stringify(value, (_, each) =>
    each && typeof each === 'object' && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort()) : each);
const ascii = (value) =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);

module.exports = { Problem, ascii, canonical, parse };
