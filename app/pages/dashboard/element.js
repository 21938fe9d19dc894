// Finds and makes elements. Nothing here accepts HTML, only text.

export const element = (id) => document.getElementById(id);

/** Copy the one element of a template. */
export const copy = (id) => element(id).content.firstElementChild.cloneNode(true);

export function make(name, className = '', text = '') {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** Set an attribute of an element if it differs. */
export function set(changed, name, value) {
  if (changed.getAttribute(name) !== value) changed.setAttribute(name, value);
}

/** Set the text of an element if it differs: a text that does not change costs nothing, and screen readers do not repeat it. */
export function say(shownIn, text) {
  if (shownIn.textContent !== text) shownIn.textContent = text;
}
