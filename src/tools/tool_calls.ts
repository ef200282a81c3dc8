import type { Cancel, Clock } from "../clock.ts";
import { parseObject } from "../json.ts";
import { type Tool, type ToolDeclaration, ToolError } from "./tool.ts";

/** Longest output the model is given (characters). */
const MAX_OUTPUT = 32_768;

/** A tool the model called. */
export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
}

/** How a call of a tool went. */
export interface ToolOutcome {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  /** What went wrong, for the log. */
  readonly problem?: string;
}

/** Who is told of it. */
export interface ToolCallsObserver {
  /** What the model is told: JSON. */
  output(callId: string, output: string): void;
  /** All that one answer asked for is done, and the model should speak of it. */
  settled(): void;
  ran(outcome: ToolOutcome): void;
}

/**
 * The tools at work in one call. Each call of one gets exactly one output, whatever the model asked and whatever the tool
 * does; `docs/design/assistants-and-tools.md` has the races.
 */
export class ToolCalls {
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #clock: Clock;
  readonly #observer: ToolCallsObserver;
  readonly #atWork = new Set<AbortController>();
  /** Whether the answer that called has not ended yet, and may call more. */
  #answerOpen = false;
  #worthSpeakingOf = false;

  constructor(tools: readonly Tool[], clock: Clock, observer: ToolCallsObserver) {
    this.#tools = new Map(tools.map((tool) => [tool.declaration.name, tool]));
    this.#clock = clock;
    this.#observer = observer;
  }

  /** What the model is told of them. */
  get declarations(): readonly ToolDeclaration[] {
    return [...this.#tools.values()].map(({ declaration }) => declaration);
  }

  /** How many are at work. */
  get running(): number {
    return this.#atWork.size;
  }

  called(call: ToolCall): void {
    this.#answerOpen = true;
    void this.#run(call);
  }

  /** The model's answer has ended: there are no more calls in it. */
  answered(): void {
    this.#answerOpen = false;
    this.#settle();
  }

  /** Ends what is at work; nothing is told of it. */
  stop(): void {
    for (const work of this.#atWork) work.abort();
    this.#atWork.clear();
    this.#worthSpeakingOf = false;
  }

  async #run(call: ToolCall): Promise<void> {
    const work = new AbortController();
    this.#atWork.add(work);
    const startedAt = this.#clock.now();
    const tool = this.#tools.get(call.name);
    let output: string;
    let problem: string | undefined;
    try {
      output = JSON.stringify(await this.#result(tool, call, work.signal)) ?? "null";
      if (output.length > MAX_OUTPUT) throw new ToolError("The result is too long");
    } catch (error) {
      const told = error instanceof ToolError;
      problem = told ? error.detail : error instanceof Error ? error.message : String(error);
      const words = told ? error.message : "The tool failed. Say so, and go on without it.";
      output = JSON.stringify({ error: words });
    }
    // The call is over, or the session is another one.
    if (!this.#atWork.delete(work)) return;
    // Its time is no longer counted.
    work.abort();
    const ms = Math.round(this.#clock.now() - startedAt);
    // A tool that works may be quiet; what went wrong is always worth a word.
    if (problem !== undefined || !tool?.quiet) this.#worthSpeakingOf = true;
    this.#observer.output(call.callId, output);
    this.#observer.ran({
      name: tool ? call.name : "unknown",
      ok: problem === undefined,
      ms,
      ...(problem === undefined ? {} : { problem }),
    });
    this.#settle();
  }

  async #result(tool: Tool | undefined, call: ToolCall, signal: AbortSignal): Promise<unknown> {
    if (!tool) throw new ToolError(`There is no tool "${call.name.slice(0, 64)}"`);
    const args = parseObject(call.arguments || "{}");
    if (!args) throw new ToolError("The arguments are not a JSON object");
    const givenUp = Promise.withResolvers<never>();
    // A tool that throws at once is not waited for.
    givenUp.promise.catch(() => {});
    const giveUp = (why: string) => {
      cancel();
      givenUp.reject(new ToolError(why));
    };
    const cancel: Cancel = this.#clock.after(tool.timeoutMs, () => {
      giveUp(`It took longer than ${tool.timeoutMs / 1000} s and was given up`);
    });
    signal.addEventListener("abort", () => giveUp("The call is over"), { once: true });
    return await Promise.race([tool.run(args, signal), givenUp.promise]);
  }

  #settle(): void {
    if (this.#answerOpen || this.#atWork.size > 0 || !this.#worthSpeakingOf) return;
    this.#worthSpeakingOf = false;
    this.#observer.settled();
  }
}
