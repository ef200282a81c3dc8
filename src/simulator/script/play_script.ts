/** Plays a script: the simulated model and the simulated caller at both ends of a service. */

import { systemClock } from "../../clock.ts";
import { callTarget, type CallTargetOptions } from "../caller/call_target.ts";
import { placeCall } from "../caller/place_call.ts";
import { reportProgress } from "../caller/rehearse.ts";
import type { Progress } from "../caller/simulated_caller.ts";
import { startSimulatedModel } from "../model/model_server.ts";
import { evaluateScript } from "./evaluate_script.ts";
import { loadScript, type ReadFile } from "./load_script.ts";
import { ScriptProgress } from "./script_progress.ts";
import type { ScriptReport } from "./script_report.ts";
import { ScriptedCaller } from "./scripted_caller.ts";
import { ScriptedModel } from "./scripted_model.ts";

/** A running service. */
export interface RunningService {
  /** Base URL, e.g. "http://127.0.0.1:5050". */
  readonly url: string;
  /** Resolves when it has stopped. */
  close(): Promise<unknown>;
}

export interface ScriptOptions
  extends Omit<CallTargetOptions, "baseUrl" | "from" | "to" | "assistant" | "local"> {
  /** Starts the service under test, with the Realtime API at this URL. */
  serve(modelUrl: string): RunningService | Promise<RunningService>;
  /** Reads the script and its recordings. Default: `Deno.readFile`. */
  readFile?: ReadFile;
  /** Hangs up when it aborts. */
  signal?: AbortSignal | undefined;
  /** Called five times a second during a media stream. */
  onProgress?(progress: Progress): void;
}

/**
 * Plays one script: starts a model that follows it, the service, and a caller who follows it.
 *
 * @param script The path of a script, or its value.
 * @throws {ScriptError} when the script is invalid or cannot be played. Problems of the call are in the report.
 */
export async function rehearseScript(script: unknown, options: ScriptOptions): Promise<ScriptReport> {
  const { serve, readFile = Deno.readFile, signal, onProgress, clock = systemClock, ...target } = options;
  const parsedScript = await loadScript(script, readFile);
  const { from, to, assistant, dial } = parsedScript;
  const progress = new ScriptProgress(parsedScript, clock);
  const scriptedModel = new ScriptedModel(progress);
  const model = startSimulatedModel({ clock, behavior: scriptedModel });
  const ended = new AbortController();
  try {
    const service = await serve(model.url);
    try {
      progress.start();
      const outcome = await placeCall({
        // The service is called directly, whatever its public URL is.
        ...callTarget({ ...target, clock, baseUrl: service.url, local: true, from, to, assistant }),
        context: {
          dial: (number) => dial[number] ?? dial["*"] ?? { status: "completed", ringMs: 200, talkMs: 200 },
          keys: () => progress.pressKeys(),
        },
        createRole: (handset) => new ScriptedCaller(progress, handset),
        signal: signal ? AbortSignal.any([signal, progress.stopped]) : progress.stopped,
        onStream: (caller) => reportProgress(clock, caller, onProgress, ended.signal),
      });
      progress.end();
      const steps = evaluateScript(progress, scriptedModel, outcome);
      return {
        name: parsedScript.name,
        passed: steps.every(({ state }) => state === "ok"),
        steps,
        timeline: outcome.timeline.entries,
        recording: {
          spoken: Int16Array.from(outcome.callers.flatMap(({ recording }) => [...recording.spoken])),
          heard: Int16Array.from(outcome.callers.flatMap(({ recording }) => [...recording.heard])),
        },
      };
    } finally {
      await service.close();
    }
  } finally {
    ended.abort();
    progress.end();
    await model.close();
  }
}
