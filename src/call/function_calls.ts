import type { FunctionCall, FunctionDeclaration, ModelSession } from "../model/model_interface.ts";
import type { Tool } from "../tools/tool.ts";
import { type ToolOutcome, ToolRunner } from "../tools/tool_runner.ts";
import type { CallParts } from "./call_parts.ts";

/** Maximum length of arguments or a result in the record (characters of JSON). */
const MAX_RECORDED = 4_000;

export interface FunctionCallsOptions
  extends Pick<CallParts, "model" | "ending" | "events" | "timeline" | "clock"> {
  readonly tools: readonly Tool[];
  /** Replaced in the arguments and results of the record; undefined to record neither. */
  readonly secrets?: (() => readonly string[]) | undefined;
}

/**
 * Runs the functions the model calls, gives it their results, and makes it speak of them and of MCP results. A function
 * that runs while its session is lost finishes, and the next session is given the result.
 */
export class FunctionCalls {
  readonly #options: FunctionCallsOptions;
  readonly #runner: ToolRunner;
  /** The session that made each call without a result yet, by the call's ID. */
  readonly #sessions = new Map<string, ModelSession | undefined>();

  constructor(options: FunctionCallsOptions) {
    this.#options = options;
    const { tools, model, ending, events, clock } = options;
    const runner = new ToolRunner(tools, clock, {
      toolResult: (call, output) => this.#sendResult(call, output),
      toolsFinished: () => model.say({ yieldsToCaller: true }),
      toolFinished: (outcome) => {
        this.#record(outcome);
        if (runner.running === 0) events.emit({ type: "tools idle" });
      },
    });
    this.#runner = runner;
    events.on("function called", ({ call }) => {
      if (ending.started) return;
      events.emit({ type: "tool started" });
      this.#sessions.set(call.callId, model.session);
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
    events.on("response finished", () => runner.responseDone());
    events.on(["session failed", "language switched"], () => {
      for (const call of runner.runningFunctions) {
        model.note(`You called ${describe(call)}. It still runs: do not call it again, its result follows.`);
      }
      for (const { server, name } of runner.runningMcpCalls) {
        model.note(
          `You called "${name}" of "${server}", and its outcome is unknown. Ask the caller before you call it again.`,
        );
      }
      runner.sessionLost();
    });
    events.on("transfer started", () => {
      this.#stop();
      events.emit({ type: "tools cancelled" });
      events.emit({ type: "tools idle" });
    });
    events.on(["goodbye started", "call ending"], () => this.#stop());
  }

  /** The functions, for the model. */
  get declarations(): readonly FunctionDeclaration[] {
    return this.#runner.declarations;
  }

  #stop(): void {
    this.#sessions.clear();
    this.#runner.stop();
  }

  #sendResult(call: FunctionCall, output: string): void {
    const { model } = this.#options;
    const session = this.#sessions.get(call.callId);
    this.#sessions.delete(call.callId);
    const note = `You called ${describe(call)}. Its result: ${output.slice(0, MAX_NOTE)}`;
    model.sendFunctionResult(call.callId, output, note, session);
  }

  #record(outcome: ToolOutcome): void {
    const { events, timeline, secrets } = this.#options;
    const { name, ok, ms, problem, arguments: input, result } = outcome;
    events.emit({ type: "tool finished", outcome });
    timeline.add("tool", name, {
      ok,
      ms,
      ...(problem === undefined ? {} : { detail: problem }),
      ...(input === undefined || !secrets ? {} : { arguments: recorded(input, secrets()) }),
      ...(result === undefined || !secrets ? {} : { result: recorded(result, secrets()) }),
    });
  }
}

/** Replaces the secrets, also where JSON escapes them, before the text is shortened: half of one would remain. */
function recorded(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) {
      text = text.replaceAll(form, "[secret]");
    }
  }
  return text.slice(0, MAX_RECORDED).toWellFormed();
}

/** Maximum length of arguments or a result in a note for another session (characters). */
const MAX_NOTE = 1_000;

function describe({ name, arguments: input }: FunctionCall): string {
  return `the function "${name.slice(0, 64)}" with ${input.slice(0, MAX_NOTE) || "{}"}`;
}
