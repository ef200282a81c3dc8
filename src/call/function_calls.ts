import type { FunctionCall } from "../model/model_interface.ts";
import type { FunctionDeclaration } from "../model/session_options.ts";
import type { Tool } from "../tools/tool.ts";
import { type ToolOutcome, ToolRunner } from "../tools/tool_runner.ts";
import type { CallParts } from "./call_parts.ts";

/** Maximum length of arguments or a result in the record (characters of JSON). */
const MAX_RECORDED = 4_000;
/** What later sessions get as the result of a function that was aborted. */
const ABORTED = JSON.stringify({
  error: "The function was stopped before it finished. Its outcome is unknown.",
});

export interface FunctionCallsOptions
  extends Pick<CallParts, "conversation" | "model" | "ending" | "events" | "timeline" | "clock"> {
  readonly tools: readonly Tool[];
  /** Replaced in the arguments and results of the record; undefined to record neither. */
  readonly secrets?: (() => readonly string[]) | undefined;
}

/**
 * Runs the functions the model calls, sends it their results, and requests a response about them and about MCP results. A
 * function that runs while its session is lost finishes, and the next session gets the result.
 *
 * @returns the declarations of the functions, for the model, and whether any tool runs.
 */
export function runFunctions(
  options: FunctionCallsOptions,
): { readonly declarations: readonly FunctionDeclaration[]; readonly isRunning: () => boolean } {
  const { tools, secrets, model, ending, events, timeline, clock } = options;
  const { transcript } = options.conversation;
  /** In the first response after a loss, the model may repeat a call that it has forgotten. */
  let afterLoss = false;
  /** By ID of each call: when its response first called a function (ms of the call). */
  const calledAt = new Map<string, number>();

  /** When the response in progress called its first function, or the pause in which it did began (ms of the call). */
  let responseAtMs: number | undefined;

  const sendResult = (call: FunctionCall, output: string) => model.sendFunctionResult(call.callId, output);

  const record = (outcome: ToolOutcome) => {
    const { name, ok, ms, callId = "" } = outcome;
    const fromMs = calledAt.get(callId) ?? timeline.atMs - ms;
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
      const { callId, result } = outcome;
      if (callId !== undefined && result === undefined) transcript.setFunctionResult(callId, ABORTED);
      record(outcome);
      if (runner.running === 0) events.emit({ type: "tools idle" });
    },
  });
  const stop = () => runner.stop();
  events.on("function called", ({ call }) => {
    // A server that sends one call twice must not cause its effect twice.
    if (ending.started || calledAt.has(call.callId)) return;
    events.emit({ type: "tool started" });
    // A response that resumes the recording wrote the arguments of its other calls before.
    responseAtMs ??= timeline.paused ? timeline.pauses.at(-1)?.fromMs : timeline.atMs;
    const earlier = runner.start(call, afterLoss);
    // A repeated call is as private as the first one, whose result it gets.
    const atMs = Math.min(
      responseAtMs ?? timeline.atMs,
      earlier ? calledAt.get(earlier.callId) ?? Infinity : Infinity,
    );
    calledAt.set(call.callId, atMs);
    transcript.addFunctionCall(call, atMs);
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
  const responseOver = () => responseAtMs = undefined;
  events.on(["response finished", "session failed", "language switched", "session swapped"], responseOver);
  events.on("response finished", () => {
    afterLoss = false;
    runner.responseDone();
  });
  events.on("session swapped", ({ reason }) => afterLoss = reason !== "first" && reason !== "language");
  // Functions that run now finish, and the next session gets their results.
  events.on(["session failed", "language switched", "session swapped"], () => {
    for (const { server, name } of runner.runningMcpCalls) {
      model.addNote(
        `You called "${name}" of "${server}". Its outcome is unknown. Ask the caller before you call it again.`,
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
  return { declarations: runner.declarations, isRunning: () => runner.running > 0 };
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
