// The sound of an alarm, made in the browser. Browsers are silent until the page was touched once; a kiosk is started with
// `--autoplay-policy=no-user-gesture-required`.

const TONES = [880, 660, 880]; // Hz
const TONE_SECONDS = 0.18;
const LOUDNESS = 0.2;

let audio;

/** Make ready to sound, now or as soon as the page is touched. */
export function unlockSound() {
  audio ??= new AudioContext();
  for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, () => audio.resume(), { once: true });
}

export function beep() {
  if (audio?.state !== 'running') return;
  TONES.forEach((frequency, index) => {
    const [tone, volume] = [new OscillatorNode(audio, { frequency }), new GainNode(audio, { gain: LOUDNESS })];
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + index * TONE_SECONDS);
    tone.stop(audio.currentTime + (index + 0.8) * TONE_SECONDS);
  });
}
