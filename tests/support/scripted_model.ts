import { Bell } from "./bell.ts";
import { isObject, type JsonObject, parseObject } from "../../src/json.ts";

/** One session of a scripted model: nothing happens but what the test says. */
export class ScriptedSession {
  /** What it got, in order. */
  readonly got: JsonObject[] = [];
  closed = false;
  /** Bytes in a millisecond of the audio it was configured for. */
  #bytesPerMs = 8;
  readonly #bell = new Bell();

  constructor(readonly socket: WebSocket, readonly url: string, readonly headers: Headers) {
    socket.onmessage = ({ data }) => {
      const event = parseObject(String(data));
      if (event) this.got.push(event);
      this.#bell.ring();
    };
    socket.onclose = () => {
      this.closed = true;
      this.#bell.ring();
    };
  }

  send(event: Record<string, unknown>): void {
    this.socket.send(JSON.stringify({ event_id: "e", ...event }));
  }

  of(type: string): JsonObject[] {
    return this.got.filter((event) => event.type === type);
  }

  /** Waits until `count` events of a type have come; returns the last of them. */
  async waitFor(type: string, count = 1): Promise<JsonObject> {
    return await this.#bell.until(`${count} of "${type}" at the model`, () => this.of(type)[count - 1]);
  }

  /** Waits until the bridge has closed this session. */
  async end(): Promise<void> {
    await this.#bell.until("the model's socket to close", () => this.closed);
  }

  /** Answers `session.created` and confirms whatever the first `session.update` asks for. */
  async configure(change: (session: JsonObject) => unknown = (session) => session): Promise<JsonObject> {
    this.send({ type: "session.created", session: { id: "sess_1", expires_at: 2_000_000_000 } });
    const { session } = await this.waitFor("session.update");
    if (JSON.stringify(session).includes('"audio/pcm"')) this.#bytesPerMs = 48;
    this.send({ type: "session.updated", session: change(isObject(session) ? session : {}) });
    return isObject(session) ? session : {};
  }

  /** One response: created, and audio for each item given; left open unless `done`. */
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

  done(id: string, status = "completed", details: Record<string, unknown> | null = null): void {
    const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
    this.send({ type: "response.done", response: { id, status, status_details: details, usage } });
  }
}

/** A Realtime server that says only what a test tells it to. */
export class ScriptedModel implements AsyncDisposable {
  readonly sessions: ScriptedSession[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #bell = new Bell();
  /** HTTP status to refuse upgrades with. */
  refuse: number | undefined;

  constructor() {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
      if (this.refuse) return new Response(null, { status: this.refuse });
      // A request cannot be read once it is upgraded.
      const url = request.url;
      const headers = new Headers([...request.headers]);
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onopen = () => {
        this.sessions.push(new ScriptedSession(socket, url, headers));
        this.#bell.ring();
      };
      return response;
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}/v1/realtime`;
  }

  /** The session with this index, as soon as it is dialled. */
  async session(index = 0): Promise<ScriptedSession> {
    return await this.#bell.until(`model session ${index}`, () => this.sessions[index]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.sessions) if (socket.readyState <= WebSocket.OPEN) socket.close();
    await Promise.all(this.sessions.map((session) => session.end()));
    await this.#server.shutdown();
  }
}
