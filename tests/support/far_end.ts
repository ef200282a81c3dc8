import { Playout } from "../../src/playout/playout.ts";
import { FakeClock } from "./fake_clock.ts";

/** A far end that plays in real time on the fake clock and returns marks as Twilio does. */
export class FarEnd {
  congested = false;
  /** Delay before audio starts to play (ms). */
  startLagMs = 0;
  echoMarks = true;
  log: string[] = [];
  /** Audio received (ms), cleared or not. */
  sentMs = 0;
  #playedUntil = 0;
  #pieces: { audio: Uint8Array; at: number }[] = [];
  #pending: { name: string; cancel: () => void }[] = [];
  constructor(readonly clock: FakeClock, readonly echo: (name: string) => void) {}

  media(audio: Uint8Array): void {
    const ms = audio.length / 8;
    this.log.push(`media ${ms}`);
    this.sentMs += ms;
    const at = Math.max(this.#playedUntil, this.clock.now() + this.startLagMs);
    this.#pieces.push({ audio, at });
    this.#playedUntil = at + ms;
  }
  mark(name: string): void {
    if (!this.echoMarks) return;
    const pending = { name, cancel: () => {} };
    pending.cancel = this.clock.after(this.#playedUntil - this.clock.now(), () => {
      this.#pending = this.#pending.filter((other) => other !== pending);
      this.echo(name);
    });
    this.#pending.push(pending);
  }
  clear(): void {
    this.log.push("clear");
    this.#pieces = this.#played();
    this.#playedUntil = this.clock.now();
    for (const { name, cancel } of this.#pending.splice(0)) {
      cancel();
      this.echo(name);
    }
  }
  /** Audio not yet played (ms). */
  get bufferedMs(): number {
    return Math.max(0, this.#playedUntil - this.clock.now());
  }
  /** Every byte played so far. */
  get played(): number[] {
    return this.#played().flatMap(({ audio }) => [...audio]);
  }

  #played() {
    return this.#pieces.map(({ audio, at }) => ({
      audio: audio.subarray(0, Math.max(0, Math.floor((this.clock.now() - at) * 8))),
      at,
    }));
  }
}

/** A playout on a fake clock, with a far end. `seen` lists what the playout reported. */
export function setUpPlayout({ attached = true } = {}) {
  const clock = new FakeClock();
  const seen: string[] = [];
  const playout = new Playout(clock, {
    sendingStarted: (item) => seen.push(`sending ${item}`),
    playbackStarted: (item) => seen.push(`hearing ${item}`),
    playbackProgressed: () => {},
    markLost: () => seen.push("mark lost"),
  });
  const line = new FarEnd(clock, (name) => playout.markEchoed(name));
  if (attached) playout.attach(line);
  return { clock, playout, line, seen };
}

/** µ-law audio of a length. */
export function audio(ms: number): Uint8Array {
  return new Uint8Array(ms * 8);
}
