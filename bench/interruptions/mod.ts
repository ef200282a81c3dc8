/**
 * Interruptions, measured in calls: which sounds of the caller make the assistant stop, in modes `stop` and `pause`.
 *
 * `deno run $(deno task -q packages test) -A bench/interruptions/mod.ts`
 */

import { parseArgs } from "node:util";
import { systemClock } from "../../src/clock.ts";
import { FakeClock } from "../../tests/support/fake_clock.ts";
import { randomFrom } from "../../tests/support/random.ts";
import { FRAME_BYTES } from "../../src/audio/line_format.js";
import { LEVELS_DB, loadCorpus, loadSpeech } from "./corpus.ts";
import { withoutSilence } from "./heard_answer.ts";
import { atLevel, lineNoise, mixInto, toMulaw } from "./signal.ts";
import { fetchRecordings } from "./sound_files.ts";
import { listWrong, type Measured, outcomeTable, timeTable } from "./table.ts";
import { runTrial, type Trial, type TrialAudio, type TrialResult } from "./trial.ts";

/** The caller's usual level, and that of the assistant (dB below full scale). */
const USUAL_DB = -22;
const QUIET_LINE_DB = -60;
const NOISY_LINE_DB = -45;
const ANSWER_MS = 8_000;

/** Steps of a clock that is not real, and turns of the event loop in each: messages arrive within a few. */
const STEP_MS = 20;
const TURNS = 6;
/** A call with a longer delay of a timer (ms) is repeated, twice at most. */
const MAX_LAG_MS = 100;
const ATTEMPTS = 3;

const HELP =
  `Usage: mod.ts [--sounds FOLDER] [--jobs N] [--every N] [--kind KIND] [--only TEXT] [--vad VAD] [--json FILE]
  --sounds FOLDER  keep the unpacked packages here (265 MB); default: parley-sounds in the temporary folder
  --jobs N         calls at once; default: 12
  --every N        only every Nth trial
  --settings JSON  other fields of interruptions in mode pause, such as '{"minMs":800}'
  --real           on the system's clock, and measure times; otherwise time passes as fast as the machine allows
  --kind, --only, --vad, --mode   only these trials`;

const { values: flags } = parseArgs({
  args: Deno.args,
  options: {
    sounds: { type: "string", default: `${Deno.env.get("TMPDIR") ?? "/tmp"}/parley-sounds` },
    jobs: { type: "string", default: "12" },
    every: { type: "string", default: "1" },
    kind: { type: "string" },
    only: { type: "string" },
    vad: { type: "string" },
    mode: { type: "string" },
    json: { type: "string" },
    settings: { type: "string", default: "{}" },
    real: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (flags.help) {
  console.log(HELP);
  Deno.exit(0);
}

await fetchRecordings(flags.sounds);
const corpus = await loadCorpus(flags.sounds);
const speech = await loadSpeech(flags.sounds);
const random = randomFrom(2);
const answer = withoutSilence(toMulaw(atLevel(speech.answer.slice(0, ANSWER_MS * 8), USUAL_DB)), random);
const reply = toMulaw(atLevel(speech.reply, USUAL_DB));

const settings: Record<string, unknown> = JSON.parse(flags.settings);
const trials: Trial[] = [];
for (const vad of ["server_vad", "semantic_vad"] as const) {
  for (const sound of corpus) {
    for (const levelDb of LEVELS_DB[sound.kind]) {
      // One transcript in ten is slow.
      const transcriptDelayMs = random() < 0.1 ? 1_500 : 300 + 600 * random();
      for (const mode of ["stop", "pause"] as const) {
        trials.push({ sound, levelDb, mode, vad, transcriptDelayMs, settings });
      }
    }
  }
}
const chosen = trials.filter(({ sound, vad, mode }) =>
  (flags.kind ?? sound.kind) === sound.kind && (flags.vad ?? vad) === vad && (flags.mode ?? mode) === mode &&
  sound.name.includes(flags.only ?? "")
).filter((_, index) => Math.floor(index / 2) % Number(flags.every) === 0);

/** The trial's sounds on a line that is quiet in every second pair of trials. */
function audioOf({ sound, levelDb }: Trial, index: number): TrialAudio {
  const noiseDb = Math.floor(index / 2) % 2 === 0 ? QUIET_LINE_DB : NOISY_LINE_DB;
  const onLine = (samples: Float32Array, level: number) => {
    const length = Math.ceil(samples.length / FRAME_BYTES) * FRAME_BYTES;
    const track = lineNoise(length, noiseDb, random);
    mixInto(track, atLevel(samples, level), 0);
    return toMulaw(track);
  };
  return {
    turn: onLine(speech.callerTurn, USUAL_DB),
    sound: onLine(sound.samples, USUAL_DB + levelDb),
    noise: () => toMulaw(lineNoise(FRAME_BYTES, noiseDb, random)),
    answer,
    reply,
  };
}

let repeated = 0;
/** The first attempt without a busy machine, or the best one. */
async function attempt(trial: Trial, index: number): Promise<TrialResult | undefined> {
  if (fakeClock) return await runTrial(trial, audioOf(trial, index), fakeClock);
  let best: TrialResult | undefined;
  for (let n = 0; n < ATTEMPTS && (best?.lagMs ?? Infinity) > MAX_LAG_MS; n++) {
    if (n > 0) repeated++;
    const result = await runTrial(trial, audioOf(trial, index), systemClock);
    if (result && result.lagMs < (best?.lagMs ?? Infinity)) best = result;
  }
  return best;
}

const fakeClock = flags.real ? undefined : new FakeClock();
const measured: Measured[] = [];
const queue = chosen.entries();
const startedAt = Date.now();
let finished = false;
/** Time passes as soon as every message of the step has been handled: all parties are in this process. */
async function passTime(clock: FakeClock): Promise<void> {
  while (!finished) {
    clock.advance(STEP_MS);
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
const timePassed = fakeClock && passTime(fakeClock);
await Promise.all(Array.from({ length: Number(flags.jobs) }, async () => {
  for (const [index, trial] of queue) {
    const result = await attempt(trial, index);
    if (result) measured.push({ trial, result });
    if (measured.length % 50 === 0) console.error(`${measured.length} of ${chosen.length} calls`);
  }
}));
finished = true;
await timePassed;

if (flags.json !== undefined) {
  const compact = measured.map(({ trial: { sound: { samples: _, ...sound }, ...trial }, result }) => ({
    ...trial,
    sound,
    ...result,
  }));
  await Deno.writeTextFile(flags.json, JSON.stringify(compact, null, 1));
}
console.error(listWrong(measured));
const seconds = Math.round((Date.now() - startedAt) / 1_000);
const today = new Date().toISOString().slice(0, 10);
console.log(
  `${measured.length} of ${chosen.length} calls in ${seconds} s on ${today}, ${repeated} of them repeated.`,
);
console.log(
  `\nWrong: the assistant stopped for a sound, or did not stop for words.\n\n${outcomeTable(measured)}`,
);
console.log(`\nMedian, 95th percentile, maximum (number of calls).\n\n${timeTable(measured, flags.real)}`);
