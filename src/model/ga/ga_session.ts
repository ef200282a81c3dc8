import type { Cancel, Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { GaConnection } from "./ga_connection.ts";
import { GaConversation } from "./ga_conversation.ts";
import { NOT_JSON } from "./ga_server_events.ts";
import { readSessionEnd } from "./session_lifetime.ts";
import { SessionConfiguration } from "./session_configuration.ts";
import type { AudioFormat, ServerEvent } from "./server_event.ts";
import { GaClientEvents } from "./ga_client_events.ts";
import { TextRequest } from "./text_request.ts";
import type {
  HeardItem,
  HistoryItem,
  ModelObserver,
  ModelSession,
  OpenSession,
  ResponseRequest,
  SessionFailure,
  TextResponse,
} from "../model_interface.ts";
import type { SessionOptions } from "../session_options.ts";
import { isFatal } from "../session_failure.ts";
import { createWireAudio } from "../wire_audio.ts";

/** Timeout from connecting to `session.updated` (ms). */
const READY_MS = 3_000;

/** The dialect of OpenAI's GA Realtime API. */
export function gaDialect(clock: Clock): OpenSession {
  return (options, observer, log) => new GaSession(options, observer, log, clock);
}

/**
 * One session of OpenAI's GA Realtime API.
 *
 * An open socket is not a ready session: the server reports a wrong key or model after the upgrade, and reads audio sent
 * before `session.updated` as PCM at 24 kHz. Source: https://platform.openai.com/docs/api-reference/realtime
 */
class GaSession implements ModelSession {
  readonly #observer: ModelObserver;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #cancelReadyTimeout: Cancel;
  readonly #client = new GaClientEvents((text) => this.#connection.send(text));
  readonly #configuration: SessionConfiguration;
  readonly #conversation: GaConversation;
  readonly #connection: GaConnection;
  /** Types of malformed events logged so far. */
  readonly #malformedTypes = new Set<string>();
  /** What was added to the conversation before the session was ready. */
  readonly #queued: (() => void)[] = [];
  #callerPresent = false;
  #state: "connecting" | "configuring" | "ready" | "closed" = "connecting";
  /** When the vendor ends the session, if known. */
  #endsAt: number | undefined;
  /** The request of `closeWithText`. */
  #textRequest: TextRequest | undefined;

  constructor(options: SessionOptions, observer: ModelObserver, log: Log, clock: Clock) {
    this.#observer = observer;
    this.#log = log;
    this.#clock = clock;
    const wireAudio = createWireAudio(options.audioFormat);
    this.#configuration = new SessionConfiguration(options, wireAudio.format, log, this.#client);
    this.#conversation = new GaConversation({
      session: options,
      observer,
      client: this.#client,
      wireAudio,
      onRequest: () => this.probe(),
    });
    const { readyMs = READY_MS } = options;
    this.#cancelReadyTimeout = clock.after(readyMs, () => {
      const problem = this.#connection.isOpen ? "confirm the session" : "accept the connection";
      this.#fail({ code: "not_ready", message: `The model did not ${problem} within ${readyMs / 1000} s` });
    });
    this.#connection = this.#connect(options, readyMs);
  }

  appendAudio(payload: string): void {
    if (this.#state === "ready") this.#conversation.appendAudio(payload);
  }

  get hasPendingResponse(): boolean {
    return this.#conversation.hasPendingResponse;
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  requestResponse(request: ResponseRequest = {}): void {
    this.#conversation.requestResponse(request);
  }

  sendFunctionResult(callId: string, output: string): void {
    if (this.#state === "ready") this.#client.sendFunctionResult(callId, output);
  }

  sendApproval(id: string, approved: boolean): void {
    if (this.#state === "ready") this.#conversation.sendApproval(id, approved);
  }

  addSystemMessage(text: string): void {
    this.#whenReady(() => this.#client.addSystemMessage(text));
  }

  restore(items: readonly HistoryItem[]): void {
    this.#whenReady(() => this.#conversation.history.add(items));
  }

  deleteItem(itemId: string): void {
    if (this.#state === "ready") this.#client.deleteItem(itemId);
  }

  probe(): void {
    this.#connection.ping();
  }

  interrupt(heard: readonly HeardItem[]): void {
    this.#conversation.interrupt(heard);
  }

  setCallerPresent(present: boolean): void {
    if (this.#callerPresent === present) return;
    this.#callerPresent = present;
    if (this.#state === "ready") this.#configuration.setIdleTimeout(present);
  }

  stopListening(): void {
    this.#conversation.stopListening();
  }

  cancelResponse(): void {
    this.#conversation.cancelResponse();
  }

  closeWithText(
    instructions: string,
    done: (written: TextResponse | undefined) => void,
    conversation?: string,
  ): void {
    if (this.#state !== "ready") {
      this.#release();
      return done(undefined);
    }
    this.#textRequest = new TextRequest(this.#clock, (written) => {
      this.#textRequest = undefined;
      this.#release();
      done(written);
    });
    this.#conversation.silence();
    this.#client.createText(instructions, conversation);
  }

  close(): void {
    this.#release();
  }

  #connect(session: SessionOptions, timeoutMs: number): GaConnection {
    return new GaConnection({
      session,
      clock: this.#clock,
      log: this.#log,
      timeoutMs,
      handlers: {
        onEvent: (event) => this.#textRequest ? this.#textRequest.handle(event) : this.#handleEvent(event),
        onMalformed: (type) => this.#textRequest || this.#reportMalformed(type),
        // Frames arrive in order: the pong proves that the audio sent before the ping was read.
        pingPayload: () => String(this.#conversation.progress.sentMs),
        onPong: (audioMs) => this.#textRequest || this.#conversation.progress.received(Number(audioMs)),
        onSuspect: (suspect) => this.#textRequest || this.#observer.lineSuspect(suspect),
        onFailure: (failure) => this.#fail(failure),
      },
    });
  }

  /** Keeps the order of what is added to the conversation before the session is ready. */
  #whenReady(add: () => void): void {
    if (this.#state === "ready") add();
    else this.#queued.push(add);
  }

  #handleEvent(event: ServerEvent): void {
    switch (event.type) {
      case "session.created":
        this.#log.debug("session created", { session: event.sessionId, expires: event.expiresAt });
        if (this.#state !== "connecting") return;
        this.#state = "configuring";
        this.#endsAt = readSessionEnd(event.expiresAt, this.#clock);
        return this.#configuration.send();
      case "session.updated":
        return this.#confirm(event.inputFormat, event.outputFormat);
      case "rate_limits.updated":
        for (const { name, limit, remaining, reset } of event.limits) {
          this.#log.debug("rate limit", { name, limit, remaining, reset_s: reset });
        }
        return;
      case "error":
        return this.#handleError(event);
      default:
        if (!this.#conversation.handle(event)) this.#reportMalformed(event.type);
    }
  }

  /** Logs each type once, so that a broken model cannot flood the log. */
  #reportMalformed(type: string): void {
    // It may have been the confirmation, which comes once.
    if (type === NOT_JSON && this.#state !== "ready") {
      return this.#fail({ code: "malformed", message: "The model sent a message that is not JSON" });
    }
    this.#observer.malformedEvent();
    if (!this.#malformedTypes.has(type)) this.#log.warn("model event malformed", { type });
    this.#malformedTypes.add(type);
  }

  #handleError({ code, message, param, eventId }: ServerEvent & { type: "error" }): void {
    if (code !== undefined && isFatal(code)) return this.#fail({ code, message });
    if (this.#configuration.isRefusal(eventId)) {
      const retried = this.#state === "configuring" && this.#configuration.retryWithout(param, code, message);
      return retried ? undefined : this.#fail({ code: code ?? "session_refused", message });
    }
    const remedy = this.#conversation.handleError(eventId, code);
    if (remedy) return this.#log.debug(remedy, { code, message });
    this.#log.warn("model error", { code, message, param });
    this.#observer.modelError(code);
  }

  #confirm(input: AudioFormat, output: AudioFormat): void {
    const mismatch = this.#configuration.findMismatch(input, output);
    if (mismatch) return this.#fail({ code: "format_mismatch", message: mismatch });
    if (this.#state !== "configuring") return;
    this.#cancelReadyTimeout();
    this.#state = "ready";
    if (this.#callerPresent) this.#configuration.setIdleTimeout(true);
    // Before `sessionReady`: buffered caller audio sent there may trigger a response at once.
    for (const add of this.#queued.splice(0)) add();
    const lifetimeMs = this.#endsAt && this.#endsAt - this.#clock.now();
    this.#observer.sessionReady({ lifetimeMs, needsSilence: false });
    this.#conversation.open();
  }

  #fail(failure: SessionFailure): void {
    if (this.#state === "closed") return;
    if (this.#textRequest) return this.#textRequest.finish(undefined);
    this.#release();
    this.#observer.sessionFailed(failure);
  }

  #release(): void {
    this.#state = "closed";
    this.#cancelReadyTimeout();
    this.#connection.close();
  }
}
