/**
 * What recording costs: in the thread of the calls, for each of the caller's frames; and in the thread of the records, for
 * each second of a call.
 *
 *     deno run -A bench/recording_bench.ts [MINUTES]
 */

import { CallerAudio } from "../src/call/conversation/caller_audio.ts";
import type { Clock } from "../src/clock.ts";
import { HeardAudio, type Stretch } from "../src/recording/heard_audio.ts";
import { Playout, type PlayoutLine } from "../src/playout/playout.ts";
import { RecordingBatches } from "../src/recording/recording_batches.ts";
import { type RecordedPiece, RecordingFile } from "../src/recording/recording_file.ts";
import { levelsOf } from "../src/recording/levels.ts";

const MINUTES = Number(Deno.args[0] ?? 30);
const FRAME_MS = 20;
const FRAMES = MINUTES * 60_000 / FRAME_MS;
/** The assistant speaks half of the time. */
const TURN_MS = 4_000;
const SID = `CA${"0".repeat(32)}`;

/** A clock that is set, and whose timers run when it is. */
class SetClock implements Clock {
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

/** What hears the call, as `LineTap` hands it on. */
type Ears = Pick<HeardAudio, "callerFrame" | "sent" | "markSent" | "markEchoed" | "cleared">;

/** One call of so many minutes through the media path; milliseconds of this machine that it took. */
function call(ears: (clock: Clock) => Ears | undefined): number {
  const clock = new SetClock();
  const heard = ears(clock);
  const payload = new Uint8Array(160).fill(0x55).toBase64();
  const answer = new Uint8Array(TURN_MS / 2 * 8).fill(0x33);
  const callerAudio = new CallerAudio(clock);
  let appended = 0;
  callerAudio.open((payload) => void (appended += payload.length));
  const playout = new Playout(clock, { sending() {}, hearing() {}, heardOn() {}, markLost() {} });
  /** Twilio's: marks and when their audio has been played. */
  const marks: { name: string; due: number }[] = [];
  let played = 0;
  const line: PlayoutLine = {
    congested: false,
    media(audio) {
      heard?.sent(audio);
      played = Math.max(played, clock.now()) + audio.length / 8;
    },
    mark(name) {
      heard?.markSent(name);
      marks.push({ name, due: played });
    },
    clear: () => heard?.cleared(),
  };
  playout.attach(line);
  const from = performance.now();
  for (let frame = 0; frame < FRAMES; frame++) {
    const now = frame * FRAME_MS;
    clock.set(now);
    callerAudio.frame(payload, now);
    heard?.callerFrame(payload, now);
    if (now % TURN_MS === 0) playout.enqueue(`item-${now}`, answer);
    while (marks[0] && marks[0].due <= now) {
      const { name } = marks.shift() ?? { name: "" };
      heard?.markEchoed(name);
      playout.markEchoed(name);
    }
  }
  return performance.now() - from;
}

/** The least of some, warmed up: what else the machine does only adds. */
function least(measure: () => number): number {
  measure();
  return Math.min(...Array.from({ length: 5 }, measure));
}

const perFrame = (ms: number) => `${Math.round(ms * 1e6 / FRAMES)} ns a frame`;

const without = least(() => call(() => undefined));
const nobody = (_: Stretch) => {};
const heard = least(() => call((clock) => new HeardAudio(clock, 0, nobody)));
const pieces: RecordedPiece[] = [];
const recorded = least(() =>
  call((clock) => {
    pieces.length = 0;
    const batches = new RecordingBatches((piece) => {
      pieces.push(piece);
      // The other thread gives a buffer back when it is written; here it is kept for below.
      batches.written(new Uint8Array(0));
    });
    return new HeardAudio(clock, 0, (stretch) => batches.add(SID, stretch));
  })
);
console.log(`A call of ${MINUTES} minutes in the thread of the calls (its media path alone):`);
console.log(`  not recorded          ${perFrame(without)}`);
console.log(`  heard by nobody       ${perFrame(heard)}, ${perFrame(heard - without)} more`);
console.log(`  recorded              ${perFrame(recorded)}, ${perFrame(recorded - without)} more`);

const folder = Deno.makeTempDirSync();
try {
  const path = `${folder}/${SID}.wav`;
  const file = new RecordingFile(path);
  const times: number[] = [];
  for (const piece of pieces) {
    const from = performance.now();
    file.write(piece);
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
  const { caller } = await levelsOf(path);
  clearInterval(watch);
  console.log(
    `Levels of these ${(size / 1e6).toFixed(0)} MB: ${(performance.now() - from).toFixed(0)} ms for ` +
      `${caller.length} values a side, nobody else waits longer than ${longest.toFixed(1)} ms`,
  );
} finally {
  Deno.removeSync(folder, { recursive: true });
}
