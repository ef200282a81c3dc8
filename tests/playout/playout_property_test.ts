import { assert, assertEquals } from "@std/assert";
import { BYTES_PER_MS } from "../../src/audio/line_format.js";
import { Playout } from "../../src/playout/playout.ts";
import type { PlayoutLine } from "../../src/playout/playout_line.ts";
import { ClockedLine } from "../../src/simulator/twilio/clocked_line.js";
import { FakeClock } from "../support/fake_clock.ts";
import { randomFrom } from "../support/random.ts";

const SILENCE = 0xff;
/** What a resume repeats at most, by what Parley knows (ms). */
const REPEATED_MS = 450;
/** Bytes that identify a place of random audio. */
const WINDOW = 24;
/** How far from its place audio is looked for. */
const NEAR_BYTES = 8_000;
const LOST_MARKS = 0.02;

/** Twilio behind a network: messages arrive late and in order, and marks return late. */
class DelayedLine implements PlayoutLine {
  readonly congested = false;
  /** What the caller heard, without silence. */
  played: number[] = [];
  /** Audio received (bytes). */
  sent = 0;
  readonly #clock: FakeClock;
  readonly #line: ClockedLine;
  readonly #openedAt: number;
  readonly #delayMs: number;
  #taken = 0;

  constructor(clock: FakeClock, delayMs: number, onMark: (name: string) => void) {
    this.#clock = clock;
    this.#openedAt = clock.now();
    this.#delayMs = delayMs;
    this.#line = new ClockedLine(clock, (name) => this.#later(() => onMark(name)));
  }

  media(audio: Uint8Array): void {
    this.sent += audio.length;
    this.#later(() => this.#line.media(audio));
  }

  mark(name: string): void {
    this.#later(() => this.#line.mark(name));
  }

  clear(): void {
    this.#later(() => this.#line.clear());
  }

  catchUp(): void {
    const samples = Math.floor((this.#clock.now() - this.#openedAt) * BYTES_PER_MS + 1e-6) - this.#taken;
    if (samples <= 0) return;
    this.#taken += samples;
    for (const byte of this.#line.take(samples)) if (byte !== SILENCE) this.played.push(byte);
  }

  close(): void {
    this.#line.close();
  }

  #later(then: () => void): void {
    if (this.#delayMs === 0) then();
    else this.#clock.after(this.#delayMs, then);
  }
}

/** Where in the content the audio played from `at` on is: the longest match near `place`, which may be cut by a pause. */
function placeOf(played: readonly number[], at: number, content: readonly number[], place: number): number {
  let best = place, longest = 0;
  for (let start = Math.max(0, place - NEAR_BYTES); start < place + NEAR_BYTES; start++) {
    let length = 0;
    while (
      length < WINDOW && at + length < played.length && played[at + length] === content[start + length]
    ) length++;
    if (length > longest) [best, longest] = [start, length];
  }
  return best;
}

/**
 * Fails if a byte was skipped, or more than `repeatedMs` played again.
 *
 * @returns how far the content was played (bytes), and how often playback went back.
 */
function heardInOrder(
  played: readonly number[],
  content: readonly number[],
  repeatedMs: number,
  run: string,
) {
  let place = 0, furthest = 0, jumps = 0;
  for (let at = 0; at < played.length; at++) {
    if (played[at] !== content[place]) {
      const start = placeOf(played, at, content, place);
      const ms = (place - start) / BYTES_PER_MS;
      assert(ms > 0, `${run}: skipped ${-ms} ms at ${place / BYTES_PER_MS} ms`);
      assert(ms <= repeatedMs, `${run}: repeated ${ms} ms`);
      place = start;
      jumps++;
    }
    furthest = Math.max(furthest, ++place);
  }
  return { furthest, jumps };
}

/** 200 random steps: audio, time, pauses, resumes, and barge-ins on a line without delay. */
function play(seed: number, delayMs: number): void {
  const next = randomFrom(seed);
  const random = (below: number) => Math.floor(next() * below);
  const run = `seed ${seed}, ${delayMs} ms`;
  const clock = new FakeClock();
  const ignore = () => {};
  const playout = new Playout(clock, {
    sendingStarted: ignore,
    playbackStarted: ignore,
    playbackProgressed: ignore,
    markLost: ignore,
  });
  const line = new DelayedLine(clock, delayMs, (name) => {
    if (next() > LOST_MARKS) playout.markEchoed(name);
  });
  playout.attach(line);
  let content: number[] = [], item = 0, received = 0, highest = 0, pauses = 0;
  const heardBytes = () => {
    const { acceptedMs, unheardMs } = playout.progress;
    return (acceptedMs - unheardMs) * BYTES_PER_MS;
  };
  const check = (heard: number) => {
    const { furthest, jumps } = heardInOrder(line.played, content, REPEATED_MS + 2 * delayMs, run);
    assert(furthest >= heard - 1, `${run}: ${heard} bytes counted as heard, ${furthest} played`);
    assert(jumps <= pauses, `${run}: went back ${jumps} times in ${pauses} pauses`);
  };
  const events = [
    () => {
      const audio = Uint8Array.from({ length: 1 + random(5_000) }, () => random(SILENCE));
      for (const byte of audio) content.push(byte);
      received += audio.length;
      playout.enqueue(`item-${random(4) === 0 ? ++item : item}`, audio);
    },
    () => {
      if (!playout.paused) pauses++;
      playout.pause();
    },
    () => playout.resume(random(301)),
    () => clock.advance(random(1_500)),
    () => {
      if (delayMs > 0) return;
      line.catchUp();
      const discarded = playout.progress.unheardMs * BYTES_PER_MS;
      playout.interrupt();
      check(content.length - discarded);
      [content, line.played, pauses] = [[], [], playout.paused ? 1 : 0];
      item++;
    },
  ];
  const weighted = [0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 4];
  for (let step = 0; step < 200; step++) {
    events[weighted[random(weighted.length)] ?? 0]?.();
    clock.advance(random(150));
    line.catchUp();
    const heard = heardBytes();
    assert(heard >= highest - 1, `${run}: ${heard} bytes heard after ${highest}`);
    assert(heard <= line.sent && heard <= received, `${run}: heard more than was sent or received`);
    highest = heard;
  }
  playout.resume();
  clock.advance(playout.progress.unheardMs + 10_000);
  line.catchUp();
  check(content.length);
  assertEquals([playout.progress.unheardMs, clock.pending], [0, 0], run);
  line.close();
}

Deno.test("Playout plays every byte at least once and in order, over random pauses, barge-ins and line delays", () => {
  for (let seed = 0; seed < 16; seed++) play(seed, [0, 20, 60, 150][seed % 4] ?? 0);
});
