import type { FunctionCall, FunctionDeclaration, ModelSession } from "../model/model_interface.ts";
import type { Tool } from "../tools/tool.ts";
import { type ToolOutcome, ToolRunner } from "../tools/tool_runner.ts";
import type { CallParts } from "./call_parts.ts";

/** Maximum length of arguments or a result in the record (characters of JSON). */
const MAX_RECORDED = 4_000;
/** Maximum length of arguments or a result in a note for another session (characters). */
const MAX_NOTE = 1_000;

export interface FunctionCallsOptions
  extends Pick<CallParts, "model" | "ending" | "events" | "timeline" | "clock"> {
  readonly tools: readonly Tool[];
  /** Replaced in the arguments and results of the record; undefined to record neither. */
  readonly secrets?: (() => readonly string[]) | undefined;
}

/**
 * Runs the functions the model calls, sends it their results, and requests a response about them and about MCP results. A
 * function that runs while its session is lost finishes, and the next session gets the result.
 *
 * @returns the declarations of the functions, for the model.
 */
export function runFunctions(options: FunctionCallsOptions): readonly FunctionDeclaration[] {
  const { tools, secrets, model, ending, events, timeline, clock } = options;
  /** Calls without a result, by ID: the session that made the call, and when its response first called one (ms of the call). */
  const callers = new Map<string, { readonly session: ModelSession | undefined; readonly atMs: number }>();

  /** When the response in progress called its first function, or the pause in which it did began (ms of the call). */
  let responseAtMs: number | undefined;

  /** Describes a call, without arguments if the recording has been paused since it was made. */
  const recordableCall = (call: FunctionCall) =>
    timeline.isPrivate(callers.get(call.callId)?.atMs ?? 0) ? nameOf(call) : describe(call);

  const sendResult = (call: FunctionCall, output: string) => {
    const { session, atMs } = callers.get(call.callId) ?? {};
    const result = output.slice(0, MAX_NOTE);
    const recordable = `You called ${recordableCall(call)}. Its result: ${timeline.recordable(result, atMs)}`;
    const note = `You called ${describe(call)}. Its result: ${result}`;
    model.sendFunctionResult(call.callId, output, session, note, recordable);
  };

  const record = (outcome: ToolOutcome) => {
    const { name, ok, ms, callId = "" } = outcome;
    const fromMs = callers.get(callId)?.atMs ?? timeline.atMs - ms;
    callers.delete(callId);
    const { problem, arguments: input, result }: Partial<ToolOutcome> = timeline.isPrivate(fromMs)
      ? {}
      : outcome;
    events.emit({
      type: "tool finished",
      outcome: { name, ok, ms, ...(problem === undefined ? {} : { problem }) },
    });
    timeline.add("tool", name, {
      ok,
      ms,
      ...(problem === undefined ? {} : { detail: problem }),
      ...(input === undefined || !secrets ? {} : { arguments: redactAndShorten(input, secrets()) }),
      ...(result === undefined || !secrets ? {} : { result: redactAndShorten(result, secrets()) }),
    });
  };

  const runner = new ToolRunner(tools, clock, {
    toolResult: sendResult,
    toolsFinished: () => model.requestResponse({ yieldsToCaller: true }),
    toolFinished: (outcome) => {
      record(outcome);
      if (runner.running === 0) events.emit({ type: "tools idle" });
    },
  });
  const stop = () => {
    runner.stop();
    callers.clear();
  };
  events.on("function called", ({ call }) => {
    if (ending.started) return;
    events.emit({ type: "tool started" });
    // A response that resumes the recording wrote the arguments of its other calls before.
    responseAtMs ??= timeline.paused ? timeline.pauses.at(-1)?.fromMs : timeline.atMs;
    callers.set(call.callId, { session: model.session, atMs: responseAtMs ?? timeline.atMs });
    runner.start(call);
  });
  events.on("mcp call started", ({ call }) => {
    if (ending.started) return;
    events.emit({ type: "tool started" });
    runner.mcpCallStarted(call);
  });
  events.on("mcp call ended", ({ call, result }) => {
    if (ending.started) return;
    runner.mcpCallEnded(call, result);
    if (runner.running === 0) events.emit({ type: "tools idle" });
  });
  events.on(["response finished", "session failed", "language switched"], () => responseAtMs = undefined);
  events.on("response finished", () => runner.responseDone());
  events.on(["session failed", "language switched"], () => {
    for (const call of runner.runningFunctions) {
      model.addNote(
        `You called ${recordableCall(call)}. It still runs: do not call it again, its result follows.`,
      );
    }
    for (const { server, name } of runner.runningMcpCalls) {
      model.addNote(
        `You called "${name}" of "${server}", and its outcome is unknown. Ask the caller before you call it again.`,
      );
    }
    runner.sessionLost();
  });
  events.on("transfer started", () => {
    stop();
    events.emit({ type: "tools cancelled" });
    events.emit({ type: "tools idle" });
  });
  events.on(["goodbye started", "call ending"], stop);
  return runner.declarations;
}

/** Replaces the secrets, also where JSON escapes them, and then shortens the text: a shortened secret would not be found. */
function redactAndShorten(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) {
      text = text.replaceAll(form, "[secret]");
    }
  }
  return text.slice(0, MAX_RECORDED).toWellFormed();
}

function nameOf({ name }: FunctionCall): string {
  return `the function "${name.slice(0, 64)}"`;
}

function describe(call: FunctionCall): string {
  return `${nameOf(call)} with ${call.arguments.slice(0, MAX_NOTE) || "{}"}`;
}
