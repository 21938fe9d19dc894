// Schemas, as far as the contracts of events use them.
'use strict';

const isDay = (text) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text); // Date reads February 30 as March 1
const isTime = (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)) && isDay(text.slice(0, 10));
const TYPES = { object: (value) => typeof value === 'object' && value && !Array.isArray(value), string: (value) => typeof value === 'string',
  integer: Number.isInteger, number: (value) => typeof value === 'number', boolean: (value) => typeof value === 'boolean', array: Array.isArray };

function* violations(schema, value, pointer) {
  const wrong = (schema.type && !TYPES[schema.type](value)) || (schema.enum && !schema.enum.includes(value)) ||
    (typeof value === 'string' && ((schema.pattern && (!new RegExp(schema.pattern, 'u').test(value) || value.endsWith('\n'))) ||
      (schema.format === 'date-time' && !isTime(value)) || [...value].length > (schema.maxLength ?? Infinity) || value.length < (schema.minLength ?? 0)));
  if (wrong) yield pointer;
  else if (TYPES.object(value)) {
    for (const name of schema.required ?? []) if (!(name in value)) yield pointer;
    for (const [name, each] of Object.entries(value)) {
      if (schema.properties?.[name]) yield* violations(schema.properties[name], each, `${pointer}/${name}`);
      else if (schema.additionalProperties === false) yield `${pointer}/${name}`;
    }
  }
}

module.exports = { TYPES, isTime, violations };
