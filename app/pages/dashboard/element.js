// Elements by id, from templates, and made of text. Nothing here takes HTML.

export const element = (id) => document.getElementById(id);

/** Copy what a template holds, which is one element. */
export const copy = (id) => element(id).content.firstElementChild.cloneNode(true);

export function make(name, className = '', text = '') {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** Set a text, unless it is there already: what does not change costs nothing, and is not read out again. */
export function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}
