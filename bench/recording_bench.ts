/**
 * Cost of recording: per caller frame in the calls' thread, and per second of a call in the records' thread.
 *
 *     deno run -A bench/recording_bench.ts [MINUTES]
 */

import { CallerAudio } from "../src/call/conversation/caller_audio.ts";
import { CallerLevelMeter } from "../src/call/conversation/caller_level.ts";
import type { Clock } from "../src/clock.ts";
import { AudioAligner, type AudioSlice } from "../src/recording/audio_aligner.ts";
import { Playout, type PlayoutLine } from "../src/playout/playout.ts";
import { RecordingBatches } from "../src/recording/recording_batches.ts";
import { type RecordingChunk, RecordingFile } from "../src/recording/recording_file.ts";
import { measureLevels } from "../src/recording/levels.ts";

const MINUTES = Number(Deno.args[0] ?? 30);
const FRAME_MS = 20;
const FRAMES = MINUTES * 60_000 / FRAME_MS;
/** The assistant speaks half of the time. */
const TURN_MS = 4_000;
const SID = `CA${"0".repeat(32)}`;

/** A clock whose timers fire when it is set. */
class ManualClock implements Clock {
  #now = 0;
  #timers: { due: number; then: () => void }[] = [];
  now = () => this.#now;
  wallTime = () => this.#now;
  after(ms: number, then: () => void) {
    const timer = { due: this.#now + ms, then };
    this.#timers.push(timer);
    return () => void this.#timers.splice(this.#timers.indexOf(timer) >>> 0, 1);
  }
  set(now: number): void {
    this.#now = now;
    for (let due = this.#due(); due; due = this.#due()) {
      this.#timers.splice(this.#timers.indexOf(due), 1);
      due.then();
    }
  }
  #due() {
    return this.#timers.find(({ due }) => due <= this.#now);
  }
}

/** Slices emitted by `LineTap`. */
type LineObserver = Pick<AudioAligner, "callerFrame" | "audioSent" | "markSent" | "markEchoed" | "clearSent">;

/** Runs one call through the media path; returns the time it took (ms). */
function runCall(observe: (clock: Clock) => LineObserver | undefined): number {
  const clock = new ManualClock();
  const observer = observe(clock);
  const payload = new Uint8Array(160).fill(0x55).toBase64();
  const turnAudio = new Uint8Array(TURN_MS / 2 * 8).fill(0x33);
  const callerAudio = new CallerAudio(clock, { level: new CallerLevelMeter() });
  let appended = 0;
  callerAudio.sendTo({ appendAudio: (payload) => void (appended += payload.length) });
  const playout = new Playout(clock, {
    sendingStarted() {},
    playbackStarted() {},
    playbackProgressed() {},
    markLost() {},
  });
  /** Marks at the simulated Twilio, and when their audio has been played (ms). */
  const marks: { name: string; due: number }[] = [];
  let played = 0;
  const line: PlayoutLine = {
    congested: false,
    media(audio) {
      observer?.audioSent(audio);
      played = Math.max(played, clock.now()) + audio.length / 8;
    },
    mark(name) {
      observer?.markSent(name);
      marks.push({ name, due: played });
    },
    clear: () => observer?.clearSent(),
  };
  playout.attach(line);
  const from = performance.now();
  for (let frame = 0; frame < FRAMES; frame++) {
    const now = frame * FRAME_MS;
    clock.set(now);
    callerAudio.frame(payload, now);
    observer?.callerFrame(payload, now);
    if (now % TURN_MS === 0) playout.enqueue(`item-${now}`, turnAudio);
    while (marks[0] && marks[0].due <= now) {
      const { name } = marks.shift() ?? { name: "" };
      observer?.markEchoed(name);
      playout.markEchoed(name);
    }
  }
  return performance.now() - from;
}

/** The minimum of five measurements after a warm-up: other load only adds. */
function minimum(measure: () => number): number {
  measure();
  return Math.min(...Array.from({ length: 5 }, measure));
}

const perFrame = (ms: number) => `${Math.round(ms * 1e6 / FRAMES)} ns per frame`;

const without = minimum(() => runCall(() => undefined));
const discard = (_: AudioSlice) => {};
const heard = minimum(() => runCall((clock) => new AudioAligner(clock, 0, discard)));
const chunks: RecordingChunk[] = [];
const recorded = minimum(() =>
  runCall((clock) => {
    chunks.length = 0;
    const batches = new RecordingBatches((chunk) => {
      chunks.push(chunk);
      // The other thread gives a buffer back when it is written; here it is kept for below.
      batches.chunkWritten(new Uint8Array(0));
    });
    return new AudioAligner(clock, 0, (stretch) => batches.add(SID, stretch));
  })
);
console.log(`A call of ${MINUTES} minutes in the thread of the calls (its media path alone):`);
console.log(`  not recorded          ${perFrame(without)}`);
console.log(`  aligned, discarded    ${perFrame(heard)}, ${perFrame(heard - without)} more`);
console.log(`  recorded              ${perFrame(recorded)}, ${perFrame(recorded - without)} more`);

const folder = Deno.makeTempDirSync();
try {
  const path = `${folder}/${SID}.wav`;
  const file = new RecordingFile(path);
  const times: number[] = [];
  for (const chunk of chunks) {
    const from = performance.now();
    file.write(chunk);
    times.push(performance.now() - from);
  }
  file.close();
  times.sort((a, b) => a - b);
  const at = (share: number) => `${(times[Math.floor(times.length * share)] ?? 0).toFixed(2)} ms`;
  console.log(
    `In the thread of the records, a second of a call: p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(0.9999)}`,
  );
  const { size } = Deno.statSync(path);
  const from = performance.now();
  let longest = 0;
  let last = from;
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 0);
  const { caller } = await measureLevels(path);
  clearInterval(watch);
  console.log(
    `Levels of these ${(size / 1e6).toFixed(0)} MB: ${(performance.now() - from).toFixed(0)} ms for ` +
      `${caller.length} values a side, blocks others ${longest.toFixed(1)} ms at most`,
  );
} finally {
  Deno.removeSync(folder, { recursive: true });
}
