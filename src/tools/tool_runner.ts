import type { Cancel, Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import { parseObject } from "../json.ts";
import type { FunctionCall, McpCall, McpCallResult } from "../model/model_interface.ts";
import type { FunctionDeclaration } from "../model/session_options.ts";
import { type Tool, ToolError } from "./tool.ts";

/** Maximum length of a result sent to the model (characters of JSON). */
const MAX_OUTPUT = 32_768;
/** Timeout of an MCP call (ms), which the vendor's server runs. A later result is still answered. */
const MCP_TIMEOUT_MS = 60_000;
/** How long a repeated call gets the result of the first one (ms). */
const REPEAT_MS = 60_000;
/** The problem of a tool that was aborted: the caller hung up, is transferred, or hears the goodbye. */
const ABORTED = "aborted";

/** How one tool run ended. */
export interface ToolOutcome {
  /** `unknown` if the model called a tool that does not exist; `SERVER: TOOL` of an MCP server. */
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  /** Undefined for an MCP call. */
  readonly callId?: string | undefined;
  /** Error message for the log. */
  readonly problem?: string | undefined;
  /** JSON text, as the model wrote it. */
  readonly arguments?: string | undefined;
  /** JSON text, as the model gets it; undefined for a tool that was aborted. */
  readonly result?: string | undefined;
}

/** Receives the events of a {@linkcode ToolRunner}. */
export interface ToolObserver {
  /** A result for the model: JSON text. Exactly one per call, unless the runner is stopped. */
  toolResult(call: FunctionCall, output: string): void;
  /** All tools called in one response have finished, and the model should speak about them. */
  toolsFinished(): void;
  toolFinished(outcome: ToolOutcome): void;
}

/**
 * Runs the tools of one call. `docs/design/assistants-and-tools.md` describes the races.
 */
export class ToolRunner {
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #clock: Clock;
  readonly #observer: ToolObserver;
  /** Calls of the last minute, and their outputs. */
  #recent: { readonly call: FunctionCall; readonly startedAt: number; readonly output: Promise<string> }[] =
    [];
  readonly #runs = new Map<AbortController, { readonly call: FunctionCall; readonly startedAt: number }>();
  /** MCP calls without a result, by ID. */
  readonly #mcpCalls = new Map<
    string,
    { readonly call: McpCall; readonly startedAt: number; readonly cancelTimeout: Cancel; late: boolean }
  >();
  /** Whether the response that called a tool is still in progress and may call more. */
  #responseOpen = false;
  #responseWanted = false;

  constructor(tools: readonly Tool[], clock: Clock, observer: ToolObserver) {
    this.#tools = new Map(tools.map((tool) => [tool.declaration.name, tool]));
    this.#clock = clock;
    this.#observer = observer;
  }

  get declarations(): readonly FunctionDeclaration[] {
    return [...this.#tools.values()].map(({ declaration }) => declaration);
  }

  /** Number of tools running now. */
  get running(): number {
    return this.#runs.size + this.runningMcpCalls.length;
  }

  /**
   * Runs a function.
   *
   * @param mayRepeat Whether a call of the last minute, with the same arguments, gives its result to this one, too.
   * @returns that call.
   */
  start(call: FunctionCall, mayRepeat = false): FunctionCall | undefined {
    this.#responseOpen = true;
    const now = this.#clock.now();
    this.#recent = this.#recent.filter(({ startedAt }) => now - startedAt < REPEAT_MS);
    const earlier = mayRepeat ? this.#recent.find((other) => isSameCall(other.call, call)) : undefined;
    const { promise, resolve } = Promise.withResolvers<string>();
    if (!earlier) this.#recent.push({ call, startedAt: now, output: promise });
    void this.#run(call, earlier?.output, resolve);
    return earlier?.call;
  }

  /** The vendor runs an MCP tool. Waits for it as for a tool that Parley runs. */
  mcpCallStarted(call: McpCall): void {
    if (call.inResponse) this.#responseOpen = true;
    const startedAt = this.#clock.now();
    const cancelTimeout = this.#clock.after(MCP_TIMEOUT_MS, () => {
      entry.late = true;
      this.#reportMcpCall(call, startedAt, `no result within ${MCP_TIMEOUT_MS / 1000} s`);
    });
    const entry = { call, startedAt, cancelTimeout, late: false };
    this.#mcpCalls.set(call.id, entry);
  }

  mcpCallEnded(call: McpCall, result: McpCallResult): void {
    const entry = this.#mcpCalls.get(call.id);
    // Stopped meanwhile.
    if (!entry) return;
    entry.cancelTimeout();
    this.#mcpCalls.delete(call.id);
    if (result === "none") return this.#reportFinished();
    this.#reportMcpCall(call, entry.startedAt, result === "ok" ? undefined : "the MCP server failed");
  }

  /** The model's response has ended: it calls no more tools. */
  responseDone(): void {
    this.#responseOpen = false;
    this.#reportFinished();
  }

  /** Functions that run now and whose result the model should speak about. */
  get runningFunctions(): readonly FunctionCall[] {
    return [...this.#runs.values()].map(({ call }) => call)
      .filter(({ name }) => !this.#tools.get(name)?.skipResponse);
  }

  get runningMcpCalls(): readonly McpCall[] {
    return [...this.#mcpCalls.values()].filter(({ late }) => !late).map(({ call }) => call);
  }

  /** The model's session ended and calls no more tools. Running functions finish; the vendor's MCP calls do not. */
  sessionLost(): void {
    this.#responseOpen = false;
    this.#abandonMcpCalls("session lost, outcome unknown");
    this.#reportFinished();
  }

  /** Aborts all running tools. They give no result. */
  stop(): void {
    const aborted = [...this.#runs];
    this.#runs.clear();
    for (const [run, { call, startedAt }] of aborted) {
      run.abort();
      this.#report(this.#nameOf(call), startedAt, ABORTED, callData(call));
    }
    this.#abandonMcpCalls(ABORTED);
    this.#responseWanted = false;
  }

  async #run(
    call: FunctionCall,
    earlier: Promise<string> | undefined,
    finished: (output: string) => void,
  ): Promise<void> {
    const run = new AbortController();
    const startedAt = this.#clock.now();
    this.#runs.set(run, { call, startedAt });
    const tool = this.#tools.get(call.name);
    let output: string;
    let problem: string | undefined;
    try {
      output = earlier ? await earlier : JSON.stringify(await this.#result(tool, call, run.signal)) ?? "null";
      if (output.length > MAX_OUTPUT) throw new ToolError("The result is too long. Ask for less.");
    } catch (error) {
      const isToolError = error instanceof ToolError;
      problem = isToolError ? error.detail : messageOf(error);
      const message = isToolError ? error.message : "The tool failed. Say so, and continue without it.";
      output = JSON.stringify({ error: message });
    }
    finished(output);
    // Stopped meanwhile: the call ended.
    if (!this.#runs.delete(run)) return;
    run.abort();
    // Failures always deserve a response.
    if (problem !== undefined || !tool?.skipResponse) this.#responseWanted = true;
    this.#observer.toolResult(call, output);
    this.#report(this.#nameOf(call), startedAt, problem, { ...callData(call), result: output });
    this.#reportFinished();
  }

  #reportMcpCall({ server, name }: McpCall, startedAt: number, problem: string | undefined): void {
    this.#responseWanted = true;
    this.#report(`${server}: ${name}`, startedAt, problem);
    this.#reportFinished();
  }

  #abandonMcpCalls(problem: string): void {
    const abandoned = [...this.#mcpCalls.values()].filter(({ late }) => !late);
    this.#mcpCalls.clear();
    for (const { call, startedAt, cancelTimeout } of abandoned) {
      cancelTimeout();
      this.#responseWanted = true;
      this.#report(`${call.server}: ${call.name}`, startedAt, problem);
    }
  }

  #report(
    name: string,
    startedAt: number,
    problem: string | undefined,
    data: Pick<ToolOutcome, "callId" | "arguments" | "result"> = {},
  ): void {
    this.#observer.toolFinished({
      name,
      ok: problem === undefined,
      ms: Math.round(this.#clock.now() - startedAt),
      problem,
      ...data,
    });
  }

  #nameOf({ name }: FunctionCall): string {
    return this.#tools.has(name) ? name : "unknown";
  }

  async #result(tool: Tool | undefined, call: FunctionCall, signal: AbortSignal): Promise<unknown> {
    if (!tool) {
      throw new ToolError(`There is no tool "${call.name.slice(0, 64)}". Use one of the declared tools.`);
    }
    const args = parseObject(call.arguments || "{}");
    if (!args) throw new ToolError("The arguments are not a JSON object. Call the tool again with one.");
    const cancelled = Promise.withResolvers<never>();
    // Not awaited if the tool throws synchronously.
    cancelled.promise.catch(() => {});
    const cancel = (reason: string) => {
      cancelTimeout();
      cancelled.reject(new ToolError(reason));
    };
    const cancelTimeout: Cancel = this.#clock.after(tool.timeoutMs, () => {
      cancel(`The tool took longer than ${tool.timeoutMs / 1000} s and was cancelled. Say so.`);
    });
    signal.addEventListener("abort", () => cancel("The call is over"), { once: true });
    return await Promise.race([tool.run(args, signal), cancelled.promise]);
  }

  #reportFinished(): void {
    if (this.#responseOpen || this.running > 0 || !this.#responseWanted) return;
    this.#responseWanted = false;
    this.#observer.toolsFinished();
  }
}

function callData({ callId, arguments: input }: FunctionCall): Pick<ToolOutcome, "callId" | "arguments"> {
  return { callId, arguments: input };
}

/** Whether both have the same name and the same arguments, apart from how values and spaces are written. */
function isSameCall(one: FunctionCall, other: FunctionCall): boolean {
  return one.name === other.name && normalised(one.arguments) === normalised(other.arguments);
}

/** JSON in one spelling, with its fields in their order; other text unchanged. */
function normalised(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}
