import { KINDS, type SoundKind } from "./corpus.ts";
import type { Trial, TrialResult } from "./trial.ts";

export interface Measured {
  readonly trial: Trial;
  readonly result: TrialResult;
}

/** Words that stop the assistant later than this after their start (ms) count as late. */
const LATE_MS = 2_000;
const WORDS: readonly SoundKind[] = ["short words", "long turn"];

const isWords = (kind: SoundKind) => WORDS.includes(kind);

/** Whether the assistant gave up its answer for a sound, or finished it in spite of words. */
export function isWrong({ trial, result }: Measured): boolean {
  return result.answer.complete === isWords(trial.sound.kind);
}

/** Whether words stopped the assistant, but late, or after it had gone on. */
function isLate({ trial, result: { answer, soundMs: [from] } }: Measured): boolean {
  return isWords(trial.sound.kind) && !answer.complete &&
    (answer.gaps.length > 0 || answer.endMs - from > LATE_MS);
}

/** A Markdown table: for each mode and kind of sound, what went wrong. */
export function outcomeTable(measured: readonly Measured[]): string {
  const rows = [["turn detection", "sound", "`stop`", "`pause`", "`pause`: late"]];
  for (const vad of ["server_vad", "semantic_vad"] as const) {
    for (const kind of KINDS) {
      const of = (mode: Trial["mode"]) =>
        measured.filter(({ trial }) => trial.vad === vad && trial.mode === mode && trial.sound.kind === kind);
      const wrong = (mode: Trial["mode"]) => `${of(mode).filter(isWrong).length} of ${of(mode).length}`;
      const late = isWords(kind) ? String(of("pause").filter(isLate).length) : "";
      if (of("stop").length + of("pause").length > 0) {
        rows.push([vad, kind, wrong("stop"), wrong("pause"), late]);
      }
    }
  }
  return markdown(rows);
}

/** A Markdown table of times: median, 95th percentile and maximum. @param real Whether the calls ran on the system's clock. */
export function timeTable(measured: readonly Measured[], real: boolean): string {
  const of = (mode: Trial["mode"]) => measured.filter(({ trial }) => trial.mode === mode);
  const rows = [["", "`stop`", "`pause`"]];
  const add = (title: string, value: (each: Measured) => number | undefined) => {
    rows.push([title, ...(["stop", "pause"] as const).map((mode) => spread(of(mode).map(value)))]);
  };
  if (real) {
    add("sound stops after `speech_started` is sent (ms)", ({ result }) => result.clearMs);
    add("speech goes on after the decision (ms)", ({ result }) => result.resumeMs);
  }
  add("silence of an answer that goes on (ms)", ({ trial, result: { answer } }) => {
    return isWords(trial.sound.kind) || !answer.complete ? undefined : answer.gaps[0]?.ms;
  });
  add(
    "repeated at a resume (ms)",
    ({ result: { answer } }) => answer.gaps.length > 0 ? answer.repeatedMs : undefined,
  );
  add("skipped (ms)", ({ result: { answer } }) => answer.skippedMs);
  add("reply starts after the end of the words (ms)", ({ trial, result: { answer, soundMs } }) => {
    return isWords(trial.sound.kind) && answer.otherMs !== undefined
      ? answer.otherMs - soundMs[1]
      : undefined;
  });
  return markdown(rows);
}

/** One line for each trial that went wrong, or late. */
export function listWrong(measured: readonly Measured[]): string {
  return measured.filter((each) => isWrong(each) || isLate(each)).map((each) => {
    const {
      trial: { sound, levelDb, mode, vad, transcriptDelayMs },
      result: { answer, soundMs, why, detected },
    } = each;
    return [
      isWrong(each) ? "wrong" : "late",
      mode,
      vad,
      sound.kind,
      `"${sound.name}"`,
      `${levelDb} dB`,
      `${Math.round(soundMs[1] - soundMs[0])} ms long`,
      `transcript ${Math.round(transcriptDelayMs)} ms`,
      detected ? (why ?? "") : "not detected",
      `heard ${Math.round(answer.heardMs)} ms, gaps ${answer.gaps.map(({ ms }) => Math.round(ms)).join(" ")}`,
    ].join("  ");
  }).join("\n");
}

function spread(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  if (known.length === 0) return "";
  const at = (part: number) => (known[Math.ceil(part * known.length) - 1] ?? NaN).toFixed(0);
  return `${at(0.5)}, ${at(0.95)}, ${at(1)} (${known.length})`;
}

function markdown(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n");
}
