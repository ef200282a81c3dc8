import type { Clock } from "../../clock.ts";
import { isObject, type JsonObject, parseObject } from "../../json.ts";
import type { Log } from "../../telemetry/log.ts";
import { createEventLog } from "../event_log.ts";
import type { SessionFailure } from "../model_interface.ts";
import type { SessionOptions } from "../session_options.ts";
import { ConnectError, connectWebSocket, type WebSocketClient } from "../web_socket/web_socket.ts";
import { readServerEvent } from "./ga_server_events.ts";
import type { ServerEvent } from "./server_event.ts";
import { InboundLimit } from "./inbound_limit.ts";

/** Maximum size of an event (bytes). One delta with a minute of audio is 640 kB. */
const MAX_EVENT_BYTES = 4_194_304;
/** Interval of the pings, and time for a pong (ms). A line that stands still is suspect 600 ms after a ping. */
const PING_EVERY_MS = 500;
const PONG_MS = 3_000;

/** Receives what arrives on a {@linkcode GaConnection}. */
export interface ConnectionHandlers {
  onEvent(event: ServerEvent): void;
  onMalformed(type: string): void;
  /** Text that a ping carries; {@linkcode onPong} gets it back. */
  pingPayload(): string;
  onPong(payload: string): void;
  onSuspect(suspect: boolean): void;
  /** The connection could not be opened, or is lost. Called at most once, and not after `close`. */
  onFailure(failure: SessionFailure): void;
}

export interface ConnectionOptions {
  readonly session: SessionOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly handlers: ConnectionHandlers;
  /** Time limit for opening it (ms). */
  readonly timeoutMs: number;
}

/** The connection of one session: events in both directions, and whether the server still answers. */
export class GaConnection {
  readonly #handlers: ConnectionHandlers;
  readonly #inbound: InboundLimit;
  readonly #logEvent: (event: JsonObject) => void;
  readonly #connectAbort = new AbortController();
  #socket: WebSocketClient | undefined;
  #closed = false;

  constructor(options: ConnectionOptions) {
    const { session, clock, log, handlers } = options;
    this.#handlers = handlers;
    this.#inbound = new InboundLimit(clock);
    this.#logEvent = createEventLog(session.logEvents ?? [], log, session.mayLogContent);
    this.#connect(options);
  }

  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  /** Bytes not yet accepted by the kernel. */
  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  /** Asks for a sign of life now. */
  ping(): void {
    this.#socket?.ping();
  }

  close(): void {
    this.#closed = true;
    this.#connectAbort.abort();
    this.#socket?.close();
  }

  async #connect({ session, clock, timeoutMs, handlers }: ConnectionOptions): Promise<void> {
    try {
      await undefined; // The owner has this connection before it can fail.
      const socket = await connectWebSocket(modelAddress(session), {
        headers: modelHeaders(session),
        maxMessageBytes: MAX_EVENT_BYTES,
        signal: this.#connectAbort.signal,
        clock,
        timeoutMs,
        pingEveryMs: PING_EVERY_MS,
        pongMs: session.pongMs ?? PONG_MS,
        pingPayload: () => handlers.pingPayload(),
        handlers: {
          onMessage: (text) => this.#receive(text),
          onPong: (payload) => this.#closed || handlers.onPong(payload),
          onSuspect: (suspect) => this.#closed || handlers.onSuspect(suspect),
          onClose: (code, reason) =>
            this.#fail({ code: "closed", message: `The model closed the session: ${code} ${reason}`.trim() }),
        },
      });
      if (this.#closed) socket.close();
      else this.#socket = socket;
    } catch (error) {
      this.#fail(connectFailure(error));
    }
  }

  #receive(text: string): void {
    if (this.#closed) return;
    const content = parseObject(text);
    const event = readServerEvent(text, content);
    if (content) this.#logEvent(content);
    const malformed = event.type === "malformed";
    const excess = this.#inbound.add({ bytes: text.length, malformed, itemId: itemOf(content) });
    if (excess) return this.#fail(excess);
    if (event.type === "malformed") this.#handlers.onMalformed(event.name);
    else if (event.type !== "other") this.#handlers.onEvent(event);
  }

  #fail(failure: SessionFailure): void {
    if (this.#closed) return;
    this.close();
    this.#handlers.onFailure(failure);
  }
}

/** The ID of the item that an event is about. */
function itemOf(event: JsonObject | undefined): string | undefined {
  const id = event?.item_id ?? (isObject(event?.item) ? event.item.id : undefined);
  return typeof id === "string" ? id : undefined;
}

function modelAddress({ url, model }: SessionOptions): string {
  const address = new URL(url);
  address.searchParams.set("model", model);
  return address.href;
}

function modelHeaders({ apiKey, safetyIdentifier }: SessionOptions): Record<string, string> {
  return {
    ...(apiKey ? { Authorization: `Bearer ${apiKey}` } : {}),
    ...(safetyIdentifier ? { "OpenAI-Safety-Identifier": safetyIdentifier } : {}),
  };
}

function connectFailure(error: unknown): SessionFailure {
  if (!(error instanceof ConnectError)) {
    return { code: "connect", message: `Cannot reach the model: ${error}` };
  }
  const { status, message } = error;
  return { code: status === 401 || status === 403 ? "unauthorized" : "connect", message };
}
