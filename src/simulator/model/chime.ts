/** The notes of the chime: a rising fourth, each with when it is struck, in seconds. */
const NOTES = [{ hertz: 587.33, at: 0 }, { hertz: 783.99, at: 0.18 }];
const SECONDS = 1;
const ATTACK_SECONDS = 0.008;
const FADE_SECONDS = 0.15;

/** A soft two-note chime of one second at `rate` samples per second: 16-bit PCM that begins and ends in silence. */
export function chime(rate: number): Int16Array<ArrayBuffer> {
  return Int16Array.from({ length: rate * SECONDS }, (_, index) => {
    const time = index / rate;
    const tone = NOTES.reduce((sum, note) => sum + strike(note.hertz, time - note.at), 0);
    return Math.round(7000 * tone * Math.min(1, (SECONDS - time) / FADE_SECONDS));
  });
}

/** A struck bar, `time` seconds after the stroke: it rises without a click and dies away. */
function strike(hertz: number, time: number): number {
  if (time < 0) return 0;
  const envelope = Math.min(1, time / ATTACK_SECONDS) * Math.exp(-4 * time);
  return envelope * (Math.sin(2 * Math.PI * hertz * time) + 0.25 * Math.sin(4 * Math.PI * hertz * time));
}
