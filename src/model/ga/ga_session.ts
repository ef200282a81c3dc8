import type { Cancel, Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { type JsonObject, parseObject } from "../../json.ts";
import { createEventLog } from "../event_log.ts";
import { connectFailure, connectToModel } from "./ga_connection.ts";
import { SessionConfiguration } from "./session_configuration.ts";
import {
  type AudioFormat,
  type IgnoredEvent,
  readServerEvent,
  type ServerEvent,
} from "./ga_server_events.ts";
import { GaClientEvents, TEXT_EVENT_ID } from "./ga_client_events.ts";
import { McpCalls } from "./mcp_calls.ts";
import { ResponseAudio } from "./response_audio.ts";
import { ResponseQueue } from "./response_queue.ts";
import type {
  HeardItem,
  ModelObserver,
  ModelSession,
  OpenSession,
  ResponseOutcome,
  ResponseRequest,
  SessionOptions,
  Speaker,
  TextResponse,
} from "../model_interface.ts";
import type { WebSocketClient } from "../web_socket/web_socket.ts";
import { createWireAudio, type WireAudio } from "../wire_audio.ts";

/** Timeout from connecting to `session.updated` (ms). */
const READY_TIMEOUT_MS = 10_000;
/** Unsent caller audio (bytes) above which the session fails: about 90 s. */
const MAX_BACKLOG_BYTES = 1_048_576;
/** Errors after which the vendor closes the session or stops responding. Any other error leaves it usable. */
const FATAL_CODES = new Set([
  "invalid_api_key",
  "insufficient_quota",
  "account_deactivated",
  "billing_hard_limit_reached",
  "missing_model",
  "invalid_model",
  "model_not_found",
  "beta_api_shape_disabled",
  "session_expired",
]);
/** Timeout for the text of {@linkcode ModelSession.closeWithText} (ms). */
const TEXT_TIMEOUT_MS = 8_000;
/** Speakers by the vendor's roles. */
const SPEAKERS: Readonly<Record<string, Speaker | undefined>> = {
  user: "caller",
  assistant: "assistant",
};

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
  readonly #options: SessionOptions;
  readonly #observer: ModelObserver;
  readonly #log: Log;
  readonly #logEvent: (event: JsonObject) => void;
  readonly #clock: Clock;
  readonly #connectAbort = new AbortController();
  readonly #cancelReadyTimeout: Cancel;
  readonly #responses: ResponseQueue;
  readonly #wireAudio: WireAudio;
  readonly #client = new GaClientEvents((text) => this.#socket?.send(text));
  #socket: WebSocketClient | undefined;
  readonly #configuration: SessionConfiguration;
  /** The last response that the model ended. */
  #endedResponse: string | undefined;
  #listening = true;
  #callerPresent = false;
  #state: "connecting" | "configuring" | "ready" | "closed" = "connecting";
  readonly #responseAudio: ResponseAudio;
  readonly #mcpCalls: McpCalls;
  /** Types of malformed events logged so far. */
  readonly #malformedTypes = new Set<string>();
  /** System messages added before the session was ready. */
  readonly #queuedMessages: string[] = [];
  /** Ends the session with the text of `closeWithText`, or without one. */
  #finishText: ((written?: TextResponse) => void) | undefined;

  constructor(options: SessionOptions, observer: ModelObserver, log: Log, clock: Clock) {
    this.#options = options;
    this.#observer = observer;
    this.#log = log;
    this.#logEvent = createEventLog(options.logEvents ?? [], log, options.mayLogContent);
    this.#clock = clock;
    this.#wireAudio = createWireAudio(options.audioFormat);
    this.#configuration = new SessionConfiguration(options, this.#wireAudio.format, log, this.#client);
    this.#responseAudio = new ResponseAudio(
      this.#wireAudio,
      (itemId, audio) => observer.assistantAudio(itemId, audio),
    );
    this.#mcpCalls = new McpCalls(observer);
    // `response.create` replaces the session's instructions, so both are sent.
    this.#responses = new ResponseQueue((eventId, { instructions }) =>
      this.#client.createResponse(eventId, instructions && `${options.instructions}\n\n${instructions}`)
    );
    this.#cancelReadyTimeout = clock.after(READY_TIMEOUT_MS, () => {
      this.#fail("not_ready", `The model did not confirm the session within ${READY_TIMEOUT_MS / 1000} s`);
    });
    this.#connect();
  }

  appendAudio(payload: string): void {
    const socket = this.#socket;
    if (!socket || this.#state !== "ready" || !this.#listening) return;
    this.#client.appendAudio(this.#wireAudio.encodeCallerAudio(payload));
    if (socket.bufferedAmount > MAX_BACKLOG_BYTES) {
      this.#fail("overloaded", "The model stopped reading the caller's audio");
    }
  }

  get hasPendingResponse(): boolean {
    return this.#responses.hasPending;
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  requestResponse(request: ResponseRequest = {}): void {
    this.#responses.request(request);
  }

  sendFunctionResult(callId: string, output: string): void {
    if (this.#state === "ready") this.#client.sendFunctionResult(callId, output);
  }

  sendApproval(id: string, approved: boolean): void {
    if (this.#state !== "ready") return;
    this.#client.sendApproval(id, approved);
    this.#mcpCalls.approvalSent(id, approved);
  }

  addSystemMessage(text: string): void {
    if (this.#state === "ready") this.#client.addSystemMessage(text);
    else this.#queuedMessages.push(text);
  }

  interrupt(heard: readonly HeardItem[]): void {
    if (this.#responses.active !== undefined) this.#responseAudio.discard(this.#responses.active);
    // Items of an earlier session are unknown to this one.
    for (const each of heard) if (this.#responseAudio.hasItem(each.itemId)) this.#client.truncate(each);
  }

  setCallerPresent(present: boolean): void {
    if (this.#callerPresent === present) return;
    this.#callerPresent = present;
    if (this.#state === "ready") this.#configuration.setIdleTimeout(present);
  }

  stopListening(): void {
    this.#listening = false;
    this.#responses.abandon();
    this.#client.clearInput();
  }

  cancelResponse(): void {
    const active = this.#responses.active;
    if (active !== undefined && active !== this.#endedResponse) this.#client.cancelResponse(active);
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
    const finish = (written?: TextResponse) => {
      cancel();
      this.#finishText = undefined;
      this.#release();
      done(written);
    };
    const cancel = this.#clock.after(TEXT_TIMEOUT_MS, () => finish());
    this.#finishText = finish;
    this.#listening = false;
    this.cancelResponse();
    this.#client.createText(instructions, conversation);
  }

  close(): void {
    this.#release();
  }

  async #connect(): Promise<void> {
    try {
      const socket = await connectToModel(this.#options, {
        signal: this.#connectAbort.signal,
        clock: this.#clock,
        handlers: {
          onMessage: (text) => this.#receive(text),
          onClose: (code, reason) =>
            this.#fail("closed", `The model closed the session: ${code} ${reason}`.trim()),
        },
      });
      if (this.#state === "closed") socket.close();
      else this.#socket = socket;
    } catch (error) {
      const { code, message } = connectFailure(error);
      this.#fail(code, message);
    }
  }

  #receive(text: string): void {
    if (this.#state === "closed") return;
    const content = parseObject(text);
    const event = readServerEvent(text, content);
    if (content) this.#logEvent(content);
    if (this.#finishText) return this.#handleTextEvent(event, this.#finishText);
    if (event.type === "other") return;
    if (event.type === "malformed") return this.#reportMalformed(event.name);
    this.#handleEvent(event);
  }

  /** Waits for the requested text only; the end of a spoken response is ignored. */
  #handleTextEvent(event: ServerEvent | IgnoredEvent, finish: (written?: TextResponse) => void): void {
    if (event.type === "error" && (event.eventId === TEXT_EVENT_ID || FATAL_CODES.has(event.code ?? ""))) {
      return finish();
    }
    if (event.type !== "response.done" || event.text === undefined) return;
    finish(event.text === "" ? undefined : { text: event.text, usage: event.usage });
  }

  #handleEvent(event: ServerEvent): void {
    switch (event.type) {
      case "response.output_audio.delta":
        if (!this.#responseAudio.addDelta(event.responseId, event.itemId, event.delta)) {
          this.#reportMalformed(event.type);
        }
        return;
      case "response.output_audio.done":
        return this.#responseAudio.endItem(event.responseId, event.itemId);
      case "input_audio_buffer.speech_started":
        this.#responses.callerTurnStarted();
        return this.#observer.callerSpeechStarted(event.at);
      case "input_audio_buffer.speech_stopped":
        this.#responses.callerTurnEnded();
        return this.#observer.callerSpeechStopped(event.at);
      case "input_audio_buffer.committed":
        return this.#turnCommitted();
      case "item":
        return this.#observer.itemAdded(event.itemId, event.previous, SPEAKERS[event.role ?? ""]);
      case "transcript_delta":
        return this.#observer.transcriptDelta(event.itemId, event.speaker, event.text);
      case "transcript":
        return event.speaker === "caller"
          ? this.#observer.callerTranscript(event.itemId, event.text, event.usage)
          : this.#observer.assistantTranscript(event.itemId, event.text);
      case "function_call":
        return this.#observer.functionCalled(event.call);
      case "mcp_approval_request":
        this.#mcpCalls.approvalRequested(event.request);
        return this.#observer.approvalRequested(event.request);
      case "mcp_call":
        return this.#mcpCalls.itemReceived(event.item);
      case "response.mcp_call_arguments.done":
        return this.#mcpCalls.callAnnounced(
          event.itemId,
          event.arguments,
          this.#responses.active !== undefined,
        );
      case "response.mcp_call.in_progress":
        return this.#mcpCalls.callBegan(event.itemId, this.#responses.active !== undefined);
      case "response.mcp_call.completed":
        return this.#mcpCalls.callEnded(event.itemId, "ok");
      case "response.mcp_call.failed":
        return this.#mcpCalls.callEnded(event.itemId, "failed");
      case "session.created":
        this.#log.debug("session created", { session: event.sessionId, expires: event.expiresAt });
        if (this.#state !== "connecting") return;
        this.#state = "configuring";
        return this.#configuration.send();
      case "session.updated":
        return this.#confirm(event.inputFormat, event.outputFormat);
      case "response.created":
        this.#responseAudio.startResponse();
        this.#responses.created(event.responseId);
        if (!this.#listening && !this.#responses.isActiveRequested) {
          this.interrupt([]);
          this.cancelResponse();
        }
        return;
      case "response.done": {
        const { status, reason, usage } = event;
        if (status !== "completed") this.#mcpCalls.responseIncomplete();
        const outcome: ResponseOutcome = {
          status,
          ...(reason === undefined ? {} : { reason }),
          hasAudio: this.#responseAudio.hasAudio,
          usage,
        };
        this.#endedResponse = event.responseId;
        this.#observer.responseDone(outcome);
        this.#responses.done(event.responseId)?.onDone?.(outcome);
        return;
      }
      case "rate_limits.updated":
        for (const { name, limit, remaining, reset } of event.limits) {
          this.#log.debug("rate limit", { name, limit, remaining, reset_s: reset });
        }
        return;
      case "error":
        return this.#handleError(event);
    }
  }

  /** With VAD's defaults, the server interrupts its response and answers the turn by itself. */
  #turnCommitted(): void {
    const { createResponse = true, interruptResponse = true } = this.#options.turnDetection ?? {};
    if (!this.#listening || createResponse && interruptResponse) return;
    this.#responses.answerTurn(createResponse);
  }

  /** Logs each type once, so that a broken model cannot flood the log. */
  #reportMalformed(type: string): void {
    this.#observer.malformedEvent();
    if (!this.#malformedTypes.has(type)) this.#log.warn("model event malformed", { type });
    this.#malformedTypes.add(type);
  }

  #handleError({ code, message, param, eventId }: ServerEvent & { type: "error" }): void {
    if (code !== undefined && FATAL_CODES.has(code)) return this.#fail(code, message);
    if (this.#configuration.isRefusal(eventId)) {
      const retried = this.#state === "configuring" && this.#configuration.retryWithout(param, code, message);
      return retried ? undefined : this.#fail(code ?? "session_refused", message);
    }
    if (this.#responses.handleError(eventId, code)) return this.#log.debug("response request postponed");
    // The server did not answer the turn by itself, so the queue requests the answer.
    if (eventId === undefined && code === "conversation_already_has_active_response") return;
    this.#log.warn("model error", { code, message, param });
    this.#observer.modelError(code);
  }

  #confirm(input: AudioFormat, output: AudioFormat): void {
    const mismatch = this.#configuration.findMismatch(input, output);
    if (mismatch) return this.#fail("format_mismatch", mismatch);
    if (this.#state !== "configuring") return;
    this.#cancelReadyTimeout();
    this.#state = "ready";
    if (this.#callerPresent) this.#configuration.setIdleTimeout(true);
    // Before `sessionReady`: buffered caller audio sent there may trigger a response at once.
    for (const text of this.#queuedMessages.splice(0)) this.#client.addSystemMessage(text);
    this.#observer.sessionReady();
    this.#responses.open();
  }

  #fail(code: string, message: string): void {
    if (this.#state === "closed") return;
    if (this.#finishText) return this.#finishText();
    this.#release();
    this.#observer.sessionFailed({ code, message });
  }

  #release(): void {
    this.#state = "closed";
    this.#cancelReadyTimeout();
    this.#connectAbort.abort();
    this.#socket?.close();
  }
}
