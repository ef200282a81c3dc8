import { type JsonObject, parseObject } from "../../src/json.ts";
import { ChangeSignal } from "../support/wait_until.ts";
import { TOOL_MS } from "./call_script.ts";
import { TOOL_RESULT } from "./numbered_model.ts";

/** The operator's HTTP server: counts how often the tool ran, and keeps the webhooks. */
export class OperatorServer implements AsyncDisposable {
  readonly webhooks: JsonObject[] = [];
  toolRuns = 0;
  /** When the tool first ran to its end. */
  toolDoneAt: number | undefined;
  readonly #changes = new ChangeSignal();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#handle(request),
  );

  /** @param onTool The tool has begun. */
  constructor(readonly onTool: () => void) {}

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Waits for the webhook of the call's end; false when it does not come in time. */
  async reported(timeoutMs: number): Promise<boolean> {
    const find = () => this.webhooks.some(({ type }) => type === "call.ended");
    return await this.#changes.until("the call's webhook", find, timeoutMs).catch(() => false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#server.shutdown();
  }

  async #handle(request: Request): Promise<Response> {
    const body = await request.text();
    if (new URL(request.url).pathname !== "/tool") {
      this.webhooks.push(parseObject(body) ?? {});
      this.#changes.notify();
      return new Response();
    }
    this.toolRuns++;
    this.onTool();
    await this.#pause(TOOL_MS);
    this.toolDoneAt ??= performance.now();
    return Response.json({ result: TOOL_RESULT });
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#timers.add(timer);
    await promise;
    this.#timers.delete(timer);
  }
}
