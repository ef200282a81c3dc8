import { Bell } from "./bell.ts";
import { isObject, type JsonObject, parseObject } from "../../src/json.ts";

/** The Twilio end of one media stream: says what a test tells it to, returns marks when told to. */
export class StreamClient implements AsyncDisposable {
  /** What it got, in order. */
  readonly got: JsonObject[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly streamSid = "MZ00000000000000000000000000000001";
  /** Whether marks come back at once, as if everything had been played. */
  echoMarks = false;
  readonly #socket: WebSocket;
  readonly #opened: Promise<void>;
  readonly #bell = new Bell();
  #sequence = 0;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(url, { headers });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {});
    this.#opened = promise;
    this.#socket.onopen = () => resolve();
    this.#socket.onmessage = ({ data }) => {
      const event = parseObject(String(data)) ?? {};
      this.got.push(event);
      if (this.echoMarks && event.event === "mark" && isObject(event.mark)) {
        this.mark(String(event.mark.name));
      }
      this.#bell.ring();
    };
    this.#socket.onclose = ({ code, reason }) => {
      this.closed ??= { code, reason };
      this.#bell.ring();
    };
    this.#socket.onerror = (event) => reject(new Error("the stream could not be opened", { cause: event }));
  }

  /** Sends `connected` and `start`. */
  async start(callSid: string, parameters: Record<string, string>): Promise<void> {
    await this.#opened;
    this.send({ event: "connected", protocol: "Call", version: "1.0.0" });
    this.send(this.startMessage(callSid, parameters));
  }

  startMessage(callSid: string, customParameters: Record<string, string>) {
    return {
      event: "start",
      sequenceNumber: "1",
      start: {
        accountSid: "AC00000000000000000000000000000001",
        streamSid: this.streamSid,
        callSid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters,
      },
      streamSid: this.streamSid,
    };
  }

  send(message: unknown): void {
    this.raw(JSON.stringify(message));
  }

  raw(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  async opened(): Promise<void> {
    await this.#opened;
  }

  media(timestamp: number, audio = new Uint8Array(160).fill(0xff)): void {
    this.send({
      event: "media",
      sequenceNumber: String(++this.#sequence),
      media: {
        track: "inbound",
        chunk: String(this.#sequence),
        timestamp: String(timestamp),
        payload: audio.toBase64(),
      },
      streamSid: this.streamSid,
    });
  }

  mark(name: string): void {
    this.send({ event: "mark", sequenceNumber: "1", streamSid: this.streamSid, mark: { name } });
  }

  stop(): void {
    this.send({
      event: "stop",
      sequenceNumber: "9",
      stop: { accountSid: "AC1", callSid: "CA1" },
      streamSid: this.streamSid,
    });
  }

  /** Cuts the line without a word. */
  close(): void {
    this.#socket.close();
  }

  of(event: string): JsonObject[] {
    return this.got.filter((message) => message.event === event);
  }

  async waitFor(event: string, count = 1): Promise<JsonObject> {
    return await this.#bell.until(`${count} of "${event}" from the service`, () => this.of(event)[count - 1]);
  }

  /** Waits until the service has closed the stream; how it did. */
  async end(): Promise<{ code: number; reason: string }> {
    return await this.#bell.until("the stream to close", () => this.closed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.catch(() => {});
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close();
    await this.end();
  }
}
