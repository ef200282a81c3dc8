import { ChangeSignal } from "./wait_until.ts";
import { isObject, type JsonObject, parseObject } from "../../src/json.ts";
import { field } from "./field.ts";

/** One session of a {@linkcode ScriptedModel}: sends only what a test requests. */
export class ScriptedSession {
  /** Received client events, in order. */
  readonly received: JsonObject[] = [];
  closed = false;
  /** Bytes per millisecond of the configured audio format. */
  #bytesPerMs = 8;
  readonly #changes = new ChangeSignal();

  constructor(readonly socket: WebSocket, readonly url: string, readonly headers: Headers) {
    socket.onmessage = ({ data }) => {
      const event = parseObject(String(data));
      if (event) this.received.push(event);
      this.#changes.notify();
    };
    socket.onclose = () => {
      this.closed = true;
      this.#changes.notify();
    };
  }

  send(event: Record<string, unknown>): void {
    this.socket.send(JSON.stringify({ event_id: "e", ...event }));
  }

  receivedOf(type: string): JsonObject[] {
    return this.received.filter((event) => event.type === type);
  }

  /** Waits for `count` events of a type; returns the last of them. */
  async waitFor(type: string, count = 1): Promise<JsonObject> {
    return await this.#changes.until(
      `${count} of "${type}" at the model`,
      () => this.receivedOf(type)[count - 1],
    );
  }

  /** Waits until Parley has closed the session. */
  async untilClosed(): Promise<void> {
    await this.#changes.until("the model's socket to close", () => this.closed);
  }

  /** Sends `session.created` and confirms the first `session.update`, modified by `change`. */
  async configure(change: (session: JsonObject) => unknown = (session) => session): Promise<JsonObject> {
    this.send({ type: "session.created", session: { id: "sess_1", expires_at: 2_000_000_000 } });
    const { session } = await this.waitFor("session.update");
    if (JSON.stringify(session).includes('"audio/pcm"')) this.#bytesPerMs = 48;
    this.send({ type: "session.updated", session: change(isObject(session) ? session : {}) });
    return isObject(session) ? session : {};
  }

  /** Sends a response with `items` (ID to ms of audio); left open unless `done`. */
  respond(id: string, items: Record<string, number>, { done = true } = {}): void {
    this.send({ type: "response.created", response: { id, status: "in_progress" } });
    for (const [item, ms] of Object.entries(items)) {
      this.speak(id, item, ms);
      this.send({ type: "response.output_audio.done", response_id: id, item_id: item });
    }
    if (done) this.done(id);
  }

  speak(responseId: string, itemId: string, ms: number): void {
    const delta = new Uint8Array(ms * this.#bytesPerMs).fill(0x55).toBase64();
    this.send({ type: "response.output_audio.delta", response_id: responseId, item_id: itemId, delta });
  }

  /** Sends a response that speaks for `speechMs` and calls a function; `args` is an object, or JSON text. */
  callFunction(
    responseId: string,
    name: string,
    { speechMs = 0, args = {} }: { speechMs?: number; args?: unknown } = {},
  ): void {
    this.send({ type: "response.created", response: { id: responseId, status: "in_progress" } });
    if (speechMs > 0) this.speak(responseId, `${responseId}-item`, speechMs);
    const item = {
      id: `${responseId}-call`,
      type: "function_call",
      call_id: `call-${responseId}`,
      name,
      arguments: typeof args === "string" ? args : JSON.stringify(args),
      status: "completed",
    };
    this.send({ type: "response.output_item.done", response_id: responseId, output_index: 1, item });
    this.done(responseId);
  }

  /** Waits for the `count`th function result; returns its output. */
  async functionOutput(count = 1): Promise<JsonObject> {
    const result = await this.#changes.until(
      `${count} function results at the model`,
      () =>
        this.receivedOf("conversation.item.create")
          .filter((event) => field(event, "item", "type") === "function_call_output")[count - 1],
    );
    return parseObject(String(field(result, "item", "output"))) ?? {};
  }

  done(id: string, status = "completed", details: Record<string, unknown> | null = null): void {
    const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
    this.send({ type: "response.done", response: { id, status, status_details: details, usage } });
  }
}

/** A Realtime server whose events a test sends one by one. */
export class ScriptedModel implements AsyncDisposable {
  readonly sessions: ScriptedSession[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #changes = new ChangeSignal();
  /** HTTP status that refuses upgrades. */
  refuseStatus: number | undefined;

  constructor() {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
      if (this.refuseStatus) return new Response(null, { status: this.refuseStatus });
      // The request cannot be read after the upgrade.
      const url = request.url;
      const headers = new Headers([...request.headers]);
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onopen = () => {
        this.sessions.push(new ScriptedSession(socket, url, headers));
        this.#changes.notify();
      };
      return response;
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}/v1/realtime`;
  }

  /** Waits for the session with this index. */
  async session(index = 0): Promise<ScriptedSession> {
    return await this.#changes.until(`model session ${index}`, () => this.sessions[index]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.sessions) if (socket.readyState <= WebSocket.OPEN) socket.close();
    await Promise.all(this.sessions.map((session) => session.untilClosed()));
    await this.#server.shutdown();
  }
}
