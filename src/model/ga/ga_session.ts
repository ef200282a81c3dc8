import type { Cancel, Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { formatMismatch, sessionUpdate } from "./ga_config.ts";
import { type AudioFormat, readServerEvent, type ServerEvent, type Unread } from "./ga_events.ts";
import { GaClient } from "./ga_client.ts";
import { ResponseQueue } from "./response_queue.ts";
import type {
  Answer,
  Heard,
  ModelObserver,
  ModelSession,
  OpenSession,
  SessionOptions,
  SpeechRequest,
  WrittenText,
} from "../session.ts";
import { dial, DialError, type ModelSocket } from "../web_socket/web_socket.ts";
import { type WireAudio, wireAudio } from "../wire_audio.ts";

/** From dialling to `session.updated` (ms). */
const READY_TIMEOUT_MS = 10_000;
/** Caller audio waiting in the socket (bytes) that says the model has stopped reading: about 90 s of it. */
const MAX_BACKLOG_BYTES = 1_048_576;
/** Longest event accepted (bytes): a minute of audio in one delta is 640 kB. */
const MAX_EVENT_BYTES = 4_194_304;
/** Errors after which the vendor closes, or never answers again. Any other leaves the session as it was. */
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
/** Longest wait for a text (ms). */
const WRITING_MS = 8_000;
/** Who speaks, by the vendor's roles. */
const SPEAKERS: Readonly<Record<string, "caller" | "assistant" | undefined>> = {
  user: "caller",
  assistant: "assistant",
};
const CONFIGURE_EVENT_ID = "parley_session";

/** Makes the opener of sessions in OpenAI's GA Realtime dialect. */
export function gaDialect(clock: Clock): OpenSession {
  return (options, observer, log) => new GaSession(options, observer, log, clock);
}

/**
 * One session in OpenAI's GA Realtime dialect.
 *
 * "Open" is not "ready" on this wire: a wrong key or model is told after the upgrade, and before `session.updated` audio
 * would be read as PCM at 24 kHz. Source: https://platform.openai.com/docs/api-reference/realtime
 */
class GaSession implements ModelSession {
  readonly #options: SessionOptions;
  readonly #observer: ModelObserver;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #dialling = new AbortController();
  readonly #readyTimeout: Cancel;
  readonly #responses: ResponseQueue;
  readonly #audio: WireAudio;
  readonly #client = new GaClient((text) => this.#socket?.send(text));
  #socket: ModelSocket | undefined;
  #listening = true;
  #state: "connecting" | "configuring" | "ready" | "over" = "connecting";
  /** The response whose late audio is not to be played. */
  #discarded: string | undefined;
  /** Whether audio of the active response has come. */
  #spoke = false;
  readonly #malformed = new Set<string>();
  /** Items audio has come of. */
  readonly #spoken = new Set<string>();
  /** Given before the session was ready. */
  readonly #notes: string[] = [];
  /** Ends the session once what is being written is there, or will not come. */
  #writing: ((written?: WrittenText) => void) | undefined;

  constructor(options: SessionOptions, observer: ModelObserver, log: Log, clock: Clock) {
    this.#options = options;
    this.#observer = observer;
    this.#log = log;
    this.#clock = clock;
    this.#audio = wireAudio(options.audioFormat);
    // What holds for one answer would replace the instructions of the session.
    this.#responses = new ResponseQueue((eventId, { instructions }) =>
      this.#client.createResponse(eventId, instructions && `${options.instructions}\n\n${instructions}`)
    );
    this.#readyTimeout = clock.after(READY_TIMEOUT_MS, () => {
      this.#fail("not_ready", `The model did not confirm the session within ${READY_TIMEOUT_MS / 1000} s`);
    });
    this.#connect();
  }

  appendAudio(payload: string): void {
    const socket = this.#socket;
    if (!socket || this.#state !== "ready" || !this.#listening) return;
    this.#client.append(this.#audio.fromCaller(payload));
    if (socket.bufferedAmount > MAX_BACKLOG_BYTES) {
      this.#fail("overloaded", "The model does not read the caller's audio any more");
    }
  }

  get busy(): boolean {
    return this.#responses.busy;
  }

  get buffered(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  requestSpeech(request: SpeechRequest = {}): void {
    this.#responses.request(request);
  }

  answerFunction(callId: string, output: string): void {
    if (this.#state === "ready") this.#client.functionOutput(callId, output);
  }

  answerApproval(id: string, approved: boolean): void {
    if (this.#state === "ready") this.#client.approvalResponse(id, approved);
  }

  addNote(text: string): void {
    if (this.#state === "ready") this.#client.note(text);
    else this.#notes.push(text);
  }

  interrupted(heard: readonly Heard[]): void {
    this.#discarded = this.#responses.active ?? this.#discarded;
    // What another session said before is not this one's to cut.
    for (const each of heard) if (this.#spoken.has(each.itemId)) this.#client.truncate(each);
  }

  stopListening(): void {
    this.#listening = false;
    this.#client.clearInput();
  }

  stopSpeech(): void {
    const active = this.#responses.active;
    if (active !== undefined) this.#client.cancelResponse(active);
  }

  closeWithText(instructions: string, done: (written: WrittenText | undefined) => void): void {
    if (this.#state !== "ready") {
      this.#release();
      return done(undefined);
    }
    const finish = (written?: WrittenText) => {
      cancel();
      this.#writing = undefined;
      this.#release();
      done(written);
    };
    const cancel = this.#clock.after(WRITING_MS, () => finish());
    this.#writing = finish;
    this.#listening = false;
    this.stopSpeech();
    this.#client.createText(instructions);
  }

  close(): void {
    this.#release();
  }

  async #connect(): Promise<void> {
    const { url, model, apiKey, safetyIdentifier } = this.#options;
    const headers: Record<string, string> = {};
    if (apiKey) headers["Authorization"] = `Bearer ${apiKey}`;
    if (safetyIdentifier) headers["OpenAI-Safety-Identifier"] = safetyIdentifier;
    const address = new URL(url);
    address.searchParams.set("model", model);
    try {
      const socket = await dial(address.href, {
        headers,
        maxMessageBytes: MAX_EVENT_BYTES,
        signal: this.#dialling.signal,
        clock: this.#clock,
        handlers: {
          onMessage: (text) => this.#receive(text),
          onClose: (code, reason) =>
            this.#fail("closed", `The model closed the session: ${code} ${reason}`.trim()),
        },
      });
      if (this.#state === "over") socket.close();
      else this.#socket = socket;
    } catch (error) {
      this.#fail("dial", error instanceof DialError ? error.message : `Cannot reach the model: ${error}`);
    }
  }

  #receive(text: string): void {
    if (this.#state === "over") return;
    const event = readServerEvent(text);
    if (this.#writing) return this.#takeWritten(event, this.#writing);
    this.#log.debug("model event", { type: "name" in event ? event.name : event.type });
    if (event.type === "other") return;
    if (event.type === "malformed") return this.#skipMalformed(event.name);
    this.#take(event);
  }

  /** Of what comes now, only the text that was asked for matters: not the end of an answer that was being spoken. */
  #takeWritten(event: ServerEvent | Unread, finish: (written?: WrittenText) => void): void {
    if (event.type === "error" && event.code !== "response_cancel_not_active") return finish();
    if (event.type !== "response.done" || event.text === undefined) return;
    finish(event.text === "" ? undefined : { text: event.text, usage: event.usage });
  }

  #take(event: ServerEvent): void {
    switch (event.type) {
      case "response.output_audio.delta":
        return this.#takeAudio(event.response_id, event.item_id, event.delta);
      case "response.output_audio.done":
        return this.#passOn(event.response_id, event.item_id, this.#audio.finish(event.item_id));
      case "input_audio_buffer.speech_started":
        this.#responses.turnTaken();
        return this.#observer.speechStarted(event.at);
      case "input_audio_buffer.speech_stopped":
        this.#responses.turnEnded();
        return this.#observer.speechStopped(event.at);
      case "item":
        return this.#observer.itemAdded(event.itemId, event.previous, SPEAKERS[event.role ?? ""]);
      case "words":
        return this.#observer.wordsCame(event.itemId, event.who, event.words);
      case "transcript":
        return event.who === "caller"
          ? this.#observer.callerSaid(event.itemId, event.text)
          : this.#observer.assistantSaid(event.itemId, event.text);
      case "function_call":
        return this.#observer.functionCalled(event.call);
      case "mcp_approval_request":
        return this.#observer.approvalAsked(event.request);
      case "session.created":
        this.#log.debug("session created", { session: event.sessionId, expires: event.expiresAt });
        if (this.#state === "connecting") this.#configure();
        return;
      case "session.updated":
        return this.#confirm(event.inputFormat, event.outputFormat);
      case "response.created":
        this.#spoke = false;
        this.#audio.forget();
        return this.#responses.created(event.responseId);
      case "response.done": {
        const { status, reason, usage } = event;
        const answer: Answer = {
          status,
          ...(reason === undefined ? {} : { reason }),
          spoke: this.#spoke,
          usage,
        };
        this.#observer.answered(answer);
        this.#responses.done(event.responseId)?.answered?.(answer);
        return;
      }
      case "rate_limits.updated":
        for (const { name, limit, remaining, reset } of event.limits) {
          this.#log.info("rate limit", { name, limit, remaining, reset_s: reset });
        }
        return;
      case "error":
        return this.#takeError(event);
    }
  }

  #takeAudio(responseId: string, itemId: string, delta: string): void {
    let audio: Uint8Array;
    try {
      audio = this.#audio.toCaller(itemId, delta);
    } catch {
      return this.#skipMalformed("response.output_audio.delta");
    }
    this.#passOn(responseId, itemId, audio);
  }

  #passOn(responseId: string, itemId: string, audio: Uint8Array): void {
    if (responseId === this.#discarded || audio.length === 0) return;
    this.#spoke = true;
    this.#spoken.add(itemId);
    this.#observer.audio(itemId, audio);
  }

  /** Each kind is logged once: a model that sends nonsense sends much of it. */
  #skipMalformed(type: string): void {
    this.#observer.skipped();
    if (!this.#malformed.has(type)) this.#log.warn("model event malformed", { type });
    this.#malformed.add(type);
  }

  #takeError({ code, message, param, eventId }: ServerEvent & { type: "error" }): void {
    if (code !== undefined && FATAL_CODES.has(code)) return this.#fail(code, message);
    if (eventId === CONFIGURE_EVENT_ID) return this.#fail(code ?? "session_refused", message);
    if (this.#responses.refused(eventId, code)) return this.#log.debug("response postponed");
    this.#log.warn("model error", { code, message, param });
    this.#observer.complained(code);
  }

  #configure(): void {
    this.#state = "configuring";
    this.#client.configure(sessionUpdate(CONFIGURE_EVENT_ID, this.#options, this.#audio.format));
  }

  #confirm(input: AudioFormat, output: AudioFormat): void {
    const wrong = formatMismatch(this.#audio.format, { input, output });
    if (wrong) {
      const other = this.#options.audioFormat === "pcmu" ? "pcm16" : "pcmu";
      return this.#fail("format_mismatch", `${wrong}; set AUDIO_FORMAT=${other} if that is what it speaks`);
    }
    if (this.#state !== "configuring") return;
    this.#readyTimeout();
    this.#state = "ready";
    // First, for what the caller has said meanwhile may be answered at once.
    for (const note of this.#notes.splice(0)) this.#client.note(note);
    this.#observer.ready();
    this.#responses.open();
  }

  #fail(code: string, message: string): void {
    if (this.#state === "over") return;
    if (this.#writing) return this.#writing();
    this.#release();
    this.#observer.failed({ code, message });
  }

  #release(): void {
    this.#state = "over";
    this.#readyTimeout();
    this.#dialling.abort();
    this.#socket?.close();
  }
}
