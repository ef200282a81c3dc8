/** Plays a script: the stand-in model and the stand-in caller at both ends of a service. */

import { type Clock, systemClock } from "../../clock.ts";
import { placeCall } from "../caller/place_call.ts";
import { placementOf, type PlacementOptions } from "../caller/placement.ts";
import { type Progress, reportProgress } from "../caller/rehearse.ts";
import { startRehearsalModel } from "../model/server.ts";
import { judge } from "./judge.ts";
import { loadScript, type ReadFile } from "./load_script.ts";
import { ScriptedMind } from "./mind.ts";
import { ScriptedPart } from "./part.ts";
import { Prompter } from "./prompter.ts";
import type { ScriptReport } from "./report.ts";
import type { Dialled } from "../caller/world.ts";

/** A service that is up. */
export interface Served {
  /** Where it is reached, e.g. "http://127.0.0.1:5050". */
  readonly url: string;
  /** Resolves when it is down. */
  close(): Promise<unknown>;
}

/** How a script is rehearsed. */
export interface ScriptOptions extends Omit<PlacementOptions, "baseUrl" | "from" | "to" | "local"> {
  /** Starts the service that is rehearsed, with the Realtime API at this address. */
  serve(modelUrl: string): Served | Promise<Served>;
  /** Reads the script's file and its recordings; Deno's own without it. */
  readFile?: ReadFile;
  /** Ends the call as the caller's hang-up would. */
  signal?: AbortSignal;
  /** Told a few times a second how the call goes. */
  onProgress?(progress: Progress): void;
}

/**
 * Rehearses one script: starts a model that follows it, the service, and a caller who follows it, and says how it went.
 *
 * @param script The path of a script, or a script.
 * @throws {ScriptError} when the script is none, or asks for what can never come. What goes wrong in the call is told in
 * the report.
 */
export async function rehearseScript(script: unknown, options: ScriptOptions): Promise<ScriptReport> {
  const { serve, readFile = Deno.readFile, signal, onProgress, clock = systemClock, ...rest } = options;
  const loaded = await loadScript(script, readFile);
  const prompter = new Prompter(loaded, clock);
  const mind = new ScriptedMind(prompter);
  const model = startRehearsalModel({ mind });
  try {
    const service = await serve(model.url);
    try {
      const { from, to } = loaded;
      // It is called directly, whatever public address it has been given.
      const placement = placementOf({ ...rest, clock, baseUrl: service.url, local: true, from, to });
      return await play(placement, prompter, mind, clock, signal, onProgress);
    } finally {
      await service.close();
    }
  } finally {
    prompter.end();
    await model.close();
  }
}

async function play(
  placement: ReturnType<typeof placementOf>,
  prompter: Prompter,
  mind: ScriptedMind,
  clock: Clock,
  signal: AbortSignal | undefined,
  onProgress: ScriptOptions["onProgress"],
): Promise<ScriptReport> {
  const { script, stopped } = prompter;
  const ended = new AbortController();
  prompter.begin();
  const outcome = await placeCall({
    ...placement,
    world: {
      dial: (number): Dialled =>
        script.dial[number] ?? script.dial["*"] ?? { status: "completed", ringMs: 200, talkMs: 200 },
      keys: () => prompter.takeKeys(),
    },
    part: (handset) => new ScriptedPart(prompter, handset),
    signal: signal ? AbortSignal.any([signal, stopped]) : stopped,
    onStream: (caller) => reportProgress(clock, caller, onProgress, ended.signal),
  }).finally(() => ended.abort());
  prompter.end();
  const steps = judge(prompter, mind, outcome);
  return {
    name: script.name,
    passed: steps.every(({ state }) => state === "ok"),
    steps,
    timeline: placement.timeline.entries,
    recording: {
      spoken: joined(outcome.callers.map(({ recording }) => recording.spoken)),
      heard: joined(outcome.callers.map(({ recording }) => recording.heard)),
    },
  };
}

function joined(parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
