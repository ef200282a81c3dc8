/** Reads a script and everything it names. */

import { basename, dirname, join } from "node:path";
import type { z } from "zod";
import { encodeMulaw } from "../../audio/g711.ts";
import { audibleSpan } from "../caller/ear.ts";
import { readRecording } from "../recording.ts";
import { SCRIPT, type WrittenTurn } from "./schema.ts";
import { callsOf, type Script, ScriptError, titleOf, type Turn } from "./script.ts";
import { nonsenseIn } from "./sense.ts";
import { nameOf, type Path } from "../../jsonc.ts";
import { type Problem, ScriptSource } from "./source.ts";
import { madeUpVoice, msToSay } from "./voice.ts";

/** Reads a file whole. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/**
 * Reads the script in a file, or the value of one.
 *
 * @throws {ScriptError} telling everything that is wrong with it at once, each with line and column.
 */
export async function loadScript(script: unknown, readFile: ReadFile): Promise<Script> {
  if (typeof script !== "string") {
    return await read(script, "rehearsal", ".", readFile, nameOf, nameOf);
  }
  const file = basename(script);
  const source = new ScriptSource(file, new TextDecoder().decode(await readOr(script, readFile)));
  if (source.problems.length > 0) throw new ScriptError(source.problems);
  return await read(
    source.value,
    file.replace(/\.\w+$/, ""),
    dirname(script),
    readFile,
    (path) => `${source.where(path)}: ${nameOf(path)}`,
    (path) => source.where(path).replace(/:\d+$/, ""),
  );
}

/**
 * @param called The name of a script that has none.
 * @param folder Where its recordings are.
 * @param placeOf What stands before a problem.
 * @param whereOf What is said of a turn's place.
 */
async function read(
  value: unknown,
  called: string,
  folder: string,
  readFile: ReadFile,
  placeOf: (path: Path) => string,
  whereOf: (path: Path) => string,
): Promise<Script> {
  const parsed = SCRIPT.safeParse(value);
  const problems: Problem[] = [
    ...(parsed.success
      ? nonsenseIn(parsed.data)
      : parsed.error.issues.flatMap((issue) => problemsOf(issue, value))),
  ];
  const recordings = new Map<string, Int16Array>();
  if (parsed.success) {
    for (const [i, turn] of parsed.data.turns.entries()) {
      const who = turn.model ? "model" : "caller";
      const wav = turn[who]?.wav;
      if (wav === undefined) continue;
      try {
        recordings.set(wav, await readSound(join(folder, wav), readFile));
      } catch (error) {
        problems.push({
          path: ["turns", i, who, "wav"],
          text: error instanceof Error ? error.message : String(error),
        });
      }
    }
  }
  if (!parsed.success || problems.length > 0) {
    throw new ScriptError(problems.map(({ path, text }) => `${placeOf(path)}: ${text}`));
  }
  const { name, call, dial, patienceSeconds, turns, expect = {} } = parsed.data;
  return {
    name: name ?? called,
    ...call,
    dial,
    patienceMs: patienceSeconds * 1000,
    turns: turns.map((turn, i) => readTurn(turn, whereOf(["turns", i]), recordings)),
    expect,
  };
}

function readTurn(turn: WrittenTurn, where: string, recordings: Map<string, Int16Array>): Turn {
  const { model, caller, expect = {} } = turn;
  const placed = { where, title: titleOf(turn) };
  const { say, wav } = model ?? caller ?? {};
  const speech = wav === undefined ? spoken(say) : recordings.get(wav);
  if (model) {
    const { approval } = model;
    return {
      ...placed,
      who: "model",
      text: model.say ?? wav ?? "",
      speech,
      calls: callsOf(model).map(({ name, arguments: given, slow }) => ({
        name,
        arguments: typeof given === "string" ? given : JSON.stringify(given),
        overMs: slow,
      })),
      approval: approval && { ...approval, arguments: JSON.stringify(approval.arguments) },
      slowMs: model.slow,
      fail: model.fail ?? {},
      expect,
    };
  }
  return {
    ...placed,
    who: "caller",
    interruptMs: caller?.interrupt,
    pauseMs: caller?.pause ?? 0,
    speech,
    keys: caller?.press ?? "",
    hangsUp: caller?.hangUp ?? false,
  };
}

function spoken(say: string | number | undefined): Int16Array | undefined {
  if (say === undefined || say === "") return undefined;
  return typeof say === "number" ? madeUpVoice(say, "caller") : madeUpVoice(msToSay(say), say);
}

async function readSound(path: string, readFile: ReadFile): Promise<Int16Array> {
  const samples = readRecording(await readOr(path, readFile), path);
  const span = audibleSpan(encodeMulaw(samples));
  if (!span) throw new Error(`Cannot use "${path}": it is as good as silent`);
  return samples.subarray(...span);
}

async function readOr(path: string, readFile: ReadFile): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ScriptError([`Cannot read "${path}": ${error instanceof Error ? error.message : error}`]);
  }
}

/** What the schema does not allow, in words: what was found, and what is allowed. */
function problemsOf(issue: z.core.$ZodIssue, value: unknown): Problem[] {
  const path = issue.path.map((step) => typeof step === "number" ? step : String(step));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...path, key],
      text: `found a name that means nothing; ${issue.message}`,
    }));
  }
  const found = path.reduce<unknown>((inside, key) => Object(inside)[key], value);
  const text = JSON.stringify(found) ?? "nothing";
  return [{ path, text: `found ${text.length > 80 ? `${text.slice(0, 80)}…` : text}; ${issue.message}` }];
}
