import { openNativeWebSocket } from "./native_web_socket.ts";
import { ChangeSignal } from "./wait_until.ts";
import { isObject, type JsonObject, parseObject } from "../../src/json.ts";
import { field } from "./field.ts";

/** Twilio's end of one media stream: sends only what a test requests. */
export class StreamClient implements AsyncDisposable {
  /** Received messages, in order. */
  readonly received: JsonObject[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly streamSid = "MZ00000000000000000000000000000001";
  /** Echoes each mark at once, as if the audio before it had been played. */
  echoMarks = false;
  readonly #socket: WebSocket;
  readonly #opened: Promise<void>;
  readonly #changes = new ChangeSignal();
  #sequence = 0;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#socket = openNativeWebSocket(url, { headers });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {});
    this.#opened = promise;
    this.#socket.onopen = () => resolve();
    this.#socket.onmessage = ({ data }) => {
      const event = parseObject(String(data)) ?? {};
      this.received.push(event);
      if (this.echoMarks && event.event === "mark" && isObject(event.mark)) {
        this.mark(String(event.mark.name));
      }
      this.#changes.notify();
    };
    this.#socket.onclose = ({ code, reason }) => {
      this.closed ??= { code, reason };
      this.#changes.notify();
    };
    this.#socket.onerror = (event) => reject(new Error("Cannot open the media stream", { cause: event }));
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

  /** Presses keys, one `dtmf` message each. */
  press(digits: string): void {
    for (const digit of digits) {
      this.send({ event: "dtmf", streamSid: this.streamSid, dtmf: { track: "inbound_track", digit } });
    }
  }

  stop(): void {
    this.send({
      event: "stop",
      sequenceNumber: "9",
      stop: { accountSid: "AC1", callSid: "CA1" },
      streamSid: this.streamSid,
    });
  }

  /** Closes the socket without a `stop` message. */
  close(): void {
    this.#socket.close();
  }

  /** Received audio (ms). */
  get receivedMs(): number {
    const payloads = this.of("media").map((media) =>
      Uint8Array.fromBase64(String(field(media, "media", "payload")))
    );
    return payloads.reduce((sum, { length }) => sum + length, 0) / 8;
  }

  /** Waits for `ms` of audio, in one message or several; returns the name of the mark after it. */
  async markAfter(ms: number): Promise<string> {
    while (this.receivedMs < ms) await this.waitFor("media", this.of("media").length + 1);
    return String(field(await this.waitFor("mark", this.of("media").length), "mark", "name"));
  }

  of(event: string): JsonObject[] {
    return this.received.filter((message) => message.event === event);
  }

  async waitFor(event: string, count = 1): Promise<JsonObject> {
    return await this.#changes.until(
      `${count} of "${event}" from the service`,
      () => this.of(event)[count - 1],
    );
  }

  /** Waits until the service closes the stream; returns code and reason. */
  async end(): Promise<{ code: number; reason: string }> {
    return await this.#changes.until("the stream to close", () => this.closed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.catch(() => {});
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close();
    await this.end();
  }
}
