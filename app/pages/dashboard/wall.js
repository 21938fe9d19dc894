// The dashboard on a wall: full screen, a screen that stays on, and `?kiosk`, which leaves out everything that is to be pressed.

import { element, say } from './element.js';

/** Prepare the button for full screen, and the kiosk if the address asks for it. */
export function prepareWall(search) {
  const isKiosk = new URLSearchParams(search).has('kiosk');
  document.documentElement.classList.toggle('kiosk', isKiosk);
  const button = element('full');
  button.hidden = !document.fullscreenEnabled;
  button.addEventListener('click', () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
  document.addEventListener('fullscreenchange', () => {
    say(button, document.fullscreenElement ? 'Leave full screen' : 'Full screen');
    stayOn(isKiosk);
  });
  document.addEventListener('visibilitychange', () => stayOn(isKiosk)); // a hidden page loses its lock
  stayOn(isKiosk);
}

let lock = null;

async function stayOn(isKiosk) {
  const isWall = isKiosk || Boolean(document.fullscreenElement);
  if (!isWall) {
    lock?.release();
    lock = null;
  } else if (!document.hidden && (lock?.released ?? true)) {
    try {
      lock = await navigator.wakeLock.request('screen');
    } catch {
      lock = null; // not over http, or the battery is low: the screen follows the settings of the machine
    }
  }
}
