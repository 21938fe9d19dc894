// Buttons that copy a text.

import { make } from './element.js';

const SAID_MS = 1_500;

/** Make a button. Browsers let only pages from https or from this machine write to the clipboard; elsewhere it says how else to copy. */
export function copyButton(label, text) {
  const button = make('button', 'button small', label);
  button.type = 'button';
  button.addEventListener('click', async () => {
    button.textContent = (await isCopied(text)) ? 'Copied' : 'Press Ctrl-C';
    setTimeout(() => (button.textContent = label), SAID_MS);
  });
  return button;
}

async function isCopied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
