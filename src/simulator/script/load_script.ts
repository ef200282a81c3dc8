/** Reads a script and the recordings it names. */

import { basename, dirname, join } from "node:path";
import type { z } from "zod";
import { encodeMulaw } from "../../audio/g711.js";
import { messageOf } from "../../error_message.ts";
import { throwFileError } from "../../file_error.ts";
import { formatPath, JsoncSource, lineAndColumn, type Path, quote } from "../../jsonc.ts";
import { audibleSpan } from "../caller/speech_tracker.ts";
import { speakingMs, syntheticVoice } from "../synthetic_voice.ts";
import { readWavSpeech } from "../wav_speech.ts";
import { callsOf, type Script, ScriptError, titleOf, type Turn } from "./script.ts";
import { findProblems, type ScriptProblem } from "./script_checks.ts";
import { SCRIPT, type TurnDocument } from "./script_schema.ts";

/** Reads a whole file. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/** A script's value, with functions that locate its parts in reports. */
interface ScriptSource {
  readonly value: unknown;
  /** Used if the script has no name. */
  readonly name: string;
  /** Folder of its recordings. */
  readonly folder: string;
  /** Location of a problem: `case.json:12:5: turns[2]`. */
  describe(path: Path): string;
  /** Location of a turn: `case.json:12`. */
  locate(path: Path): string;
}

/**
 * Loads a script.
 *
 * @param script The path of a file in JSON with comments, or a script's value.
 * @throws {ScriptError} listing every problem, each with line and column.
 */
export async function loadScript(script: unknown, readFile: ReadFile): Promise<Script> {
  const source = typeof script === "string" ? await readSource(script, readFile) : {
    value: script,
    name: "rehearsal",
    folder: ".",
    describe: formatPath,
    locate: formatPath,
  };
  const parsed = SCRIPT.safeParse(source.value);
  const problems = parsed.success
    ? [...findProblems(parsed.data)]
    : parsed.error.issues.flatMap((issue) => schemaProblems(issue, source.value));
  const recordings = new Map<string, Int16Array>();
  for (const [i, turn] of (parsed.data?.turns ?? []).entries()) {
    const actor = turn.model ? "model" : "caller";
    const wav = turn[actor]?.wav;
    if (wav === undefined) continue;
    try {
      recordings.set(wav, await readRecording(join(source.folder, wav), readFile));
    } catch (error) {
      problems.push({ path: ["turns", i, actor, "wav"], text: messageOf(error) });
    }
  }
  if (!parsed.success || problems.length > 0) {
    throw new ScriptError(problems.map(({ path, text }) => `${source.describe(path)}: ${text}`));
  }
  const { name = source.name, call, dial, timeoutSeconds, turns, expect = {} } = parsed.data;
  return {
    name,
    ...call,
    dial,
    timeoutMs: timeoutSeconds * 1000,
    turns: turns.map((turn, i) => readTurn(turn, source.locate(["turns", i]), recordings)),
    expect,
  };
}

async function readSource(path: string, readFile: ReadFile): Promise<ScriptSource> {
  const file = basename(path);
  const text = new TextDecoder().decode(await readOrFail(path, readFile));
  const source = new JsoncSource(text);
  const at = (offset: number) => `${file}:${lineAndColumn(text, offset)}`;
  if (source.problems.length > 0) {
    throw new ScriptError(source.problems.map(({ offset, text }) => `${at(offset)}: ${text}`));
  }
  return {
    value: source.value,
    name: file.replace(/\.\w+$/, ""),
    folder: dirname(path),
    describe: (path) => `${at(source.offsetOfName(path))}: ${formatPath(path)}`,
    locate: (path) => at(source.offsetOfName(path)).replace(/:\d+$/, ""),
  };
}

function readTurn(turn: TurnDocument, location: string, recordings: Map<string, Int16Array>): Turn {
  const { model, caller, expect = {} } = turn;
  const base = { location, title: titleOf(turn) };
  const { say, wav } = model ?? caller ?? {};
  const speech = wav === undefined ? synthesized(say) : recordings.get(wav);
  if (model) {
    const { approval, mcp } = model;
    return {
      ...base,
      actor: "model",
      text: model.say ?? wav ?? "",
      speech,
      calls: callsOf(model),
      mcp,
      approval,
      slowMs: model.slow,
      fail: model.fail ?? {},
      expect,
    };
  }
  return {
    ...base,
    actor: "caller",
    interruptMs: caller?.interrupt,
    pauseMs: caller?.pause ?? 0,
    speech,
    keys: caller?.press ?? "",
    hangsUp: caller?.hangUp ?? false,
  };
}

function synthesized(say: string | number | undefined): Int16Array | undefined {
  if (say === undefined || say === "") return undefined;
  return typeof say === "number" ? syntheticVoice(say, "caller") : syntheticVoice(speakingMs(say), say);
}

/** Reads a recording from its first to its last audible sample. */
async function readRecording(path: string, readFile: ReadFile): Promise<Int16Array> {
  const samples = readWavSpeech(await readOrFail(path, readFile), path);
  const span = audibleSpan(encodeMulaw(samples));
  if (!span) throw new Error(`Cannot use "${path}": it is silent`);
  return samples.subarray(...span);
}

async function readOrFail(path: string, readFile: ReadFile): Promise<Uint8Array> {
  return await readFile(path).catch((error) => throwFileError(path, error));
}

function schemaProblems(issue: z.core.$ZodIssue, value: unknown): ScriptProblem[] {
  const path = issue.path.map((step) => typeof step === "number" ? step : String(step));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], text: `unknown name; ${issue.message}` }));
  }
  const rejected = path.reduce<unknown>((inside, key) => Object(inside)[key], value);
  return [{ path, text: `found ${quote(rejected)}; ${issue.message}` }];
}
