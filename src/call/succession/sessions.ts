import type { CallAssistant, Persona } from "../../assistants/call_assistant.ts";
import type { EndpointHealth } from "../../model/endpoint_health.ts";
import { billedModel, type ModelEndpoint, type SuccessionReason } from "../../model/model_endpoint.ts";
import type {
  HistoryItem,
  ModelObserver,
  ModelSession,
  ResponseOutcome,
  ResponseRequest,
  SessionFailure,
} from "../../model/model_interface.ts";
import type { FunctionDeclaration, SessionOptions } from "../../model/session_options.ts";
import { costUsd } from "../../model/prices.ts";
import type { CallLine } from "../call_line.ts";
import type { CallParts } from "../call_parts.ts";
import { groupHistory, limitHistory } from "./conversation_history.ts";
import type { SessionHost } from "./session_host.ts";
import { SessionIds, withCallIds, withSessionIds } from "./session_ids.ts";
import { SessionOwner } from "./session_owner.ts";
import type { SessionSlot } from "./session_slot.ts";

const GO_ON =
  "You were cut off. Finish what you were saying, or do what you were about to do, in one or two short sentences. " +
  "Do not repeat a function call.";
const BACK =
  "The connection was lost for a moment, and the caller is back on the line. Say so in a few words, and continue where " +
  "you were. Do not repeat a function call.";
/** A swap waits until the caller has been silent for this long (ms). */
const QUIET_MS = 500;
const DEFAULT_FIRST_AUDIO_MS = 5_000;
const DEFAULT_OUTAGE_MS = 10_000;

/** Timeouts of the models (ms), and what is known about them; the same for all calls. */
export interface ModelService {
  readonly health: EndpointHealth;
  /** Default: 5,000. */
  readonly firstAudioMs?: number | undefined;
  /** Default: 10,000. */
  readonly outageMs?: number | undefined;
}

export interface SessionsOptions
  extends Pick<CallParts, "conversation" | "ending" | "events" | "timeline" | "clock" | "log"> {
  readonly assistant: CallAssistant;
  readonly functions: readonly FunctionDeclaration[];
  readonly openSession: (
    options: Omit<SessionOptions, "safetyIdentifier">,
    observer: ModelObserver,
  ) => ModelSession;
  readonly line: CallLine;
  /** The conversation of the call's earlier part. */
  readonly earlier: readonly HistoryItem[];
  readonly models: ModelService;
  /** Whether something is under way that a change of the session would disturb. */
  readonly isBusy: () => boolean;
}

/** Gives each of the call's sessions what it needs to go on: the conversation, the caller's audio, and what is due. */
export class Sessions implements SessionHost {
  readonly #options: SessionsOptions;
  readonly #owner: SessionOwner;
  /** IDs of items and function calls in all sessions, and of function calls in the call's earlier part. */
  readonly #ids: Set<string>;
  #persona: Persona;
  /** The unanswered turn is given as text. */
  #turnAsText = false;
  /** What the caller said until the language was switched, until a session has it. */
  #summary: string | undefined;
  /** End of the audio given to the session that was left. */
  #leftAtMs = 0;
  #callerStoppedAt = -Infinity;
  /** False while an outbound call rings. */
  #greets = true;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { assistant, clock, conversation, events, models, timeline } = options;
    this.#persona = assistant;
    this.#ids = new Set(
      options.earlier.flatMap((item) => item.type === "function call" ? item.call.callId : []),
    );
    this.#owner = new SessionOwner({
      host: this,
      endpoints: [endpointOf(assistant), ...assistant.fallbacks ?? []],
      health: models.health,
      clock,
      firstAudioMs: models.firstAudioMs ?? DEFAULT_FIRST_AUDIO_MS,
      outageMs: models.outageMs ?? DEFAULT_OUTAGE_MS,
    });
    const owner = this.#owner;
    conversation.model.connect(owner);
    events.on("stream attached", () => owner.setCallerPresent(true));
    events.on("stream detached", () => owner.setCallerPresent(false));
    events.on("caller stopped speaking", () => this.#callerStoppedAt = clock.now());
    // A voice cannot be changed once it has spoken, so another language needs another session.
    events.on("language requested", ({ language, summary }) => {
      const next = assistant.languages.get(language);
      if (!next) return;
      timeline.add("language", language);
      this.#persona = next;
      this.#summary = summary;
      owner.switchLanguage();
      events.emit({ type: "language switched", language });
    });
    events.on(["goodbye started", "call ending"], () => owner.holdSuccession());
    events.on("call ended", () => owner.close());
  }

  /** Opens the first session while an outbound call rings: it says nothing until {@linkcode start}. */
  prepare(): void {
    this.#greets = false;
    this.#owner.start();
  }

  /** Opens the first session, if none is open, before the caller is on the line. It greets the caller. */
  start(): void {
    const request = this.#greets ? undefined : this.#options.assistant.greeting;
    this.#greets = true;
    if (request) {
      this.#options.conversation.model.requestResponse({ instructions: request });
    }
    this.#owner.start();
  }

  get observer(): ModelObserver {
    return this.#options.conversation.observer;
  }

  open({ url, apiKey, model, voice, audioFormat }: ModelEndpoint, observer: ModelObserver): ModelSession {
    const { functions, openSession, timeline } = this.#options;
    const { session: settings } = this.#persona;
    const ids = new SessionIds(this.#ids);
    const session = openSession({
      ...settings,
      url,
      apiKey,
      model,
      voice: voice ?? settings.voice,
      audioFormat,
      ...(functions.length > 0 ? { functions } : {}),
      mayLogContent: () => timeline.pauses.length === 0,
    }, withCallIds(observer, ids));
    return withSessionIds(session, ids);
  }

  sessionReady({ dialledAt }: SessionSlot): void {
    const { clock, events } = this.#options;
    events.emit({ type: "session ready", afterMs: Math.round(clock.now() - dialledAt) });
  }

  isQuiet(): boolean {
    const { clock, conversation: { caller, model, pending, retry, speech }, isBusy } = this.#options;
    if (speech.callerSpeaking || clock.now() - this.#callerStoppedAt < QUIET_MS) return false;
    if (caller.inTurn || pending.hasCallerItems || retry.due || model.session?.hasPendingResponse) {
      return false;
    }
    return speech.playout.status.queuedMs === 0 && speech.playout.status.leadMs <= 0 && !isBusy();
  }

  leave(session: ModelSession, reason: SuccessionReason): void {
    const { caller, pending, retry, speech } = this.#options.conversation;
    this.#leftAtMs = caller.positionMs;
    if (reason === "language") {
      caller.turnEnded(caller.positionMs);
      caller.turnAnswered();
      pending.markTurnAnswered();
    } else {
      const { inTurn } = caller;
      const audioNeeded = pending.sessionLost(session, inTurn, retry.due);
      this.#turnAsText = inTurn && !audioNeeded;
    }
    retry.stop();
    speech.sessionClosed(reason !== "language" && session.hasPendingResponse);
    caller.sendTo(undefined);
  }

  serve({ session, reason, endpoint }: SessionSlot): void {
    const { conversation, earlier, events } = this.#options;
    const { caller, model, retry, speech, transcript } = conversation;
    const summary = this.#summary === undefined ? [] : [{ type: "note", text: this.#summary } as const];
    session.restore(limitHistory([...groupHistory(earlier), ...transcript.history, summary]));
    session.setCallerPresent(speech.attached);
    retry.start();
    // Before the audio: it may trigger a response at once.
    const request = this.#due(reason);
    this.#summary = undefined;
    if (request) model.requestResponse(request);
    events.emit({ type: "session swapped", reason, endpoint: endpoint.name });
    caller.sendTo(session, this.#startOf(reason));
    this.#turnAsText = false;
  }

  drained({ usage }: ResponseOutcome, endpoint: ModelEndpoint): void {
    const model = billedModel(endpoint);
    const usd = costUsd(model, usage);
    this.#options.events.emit({ type: "replaced response finished", usage, model, costUsd: usd });
  }

  lost(failure: SessionFailure): void {
    const { ending, events, line, timeline } = this.#options;
    events.emit({ type: "session failed", failure });
    // Before the caller is on the line a loss costs nothing: attaching the stream opens another session.
    if (!line.connected || ending.ended) return;
    if (ending.goodbyeReason) ending.end(ending.goodbyeReason);
    else timeline.add("reconnect", failure.code);
  }

  serviceChanged(lost: boolean, reason: SuccessionReason, afterMs: number): void {
    this.#options.events.emit(
      lost ? { type: "service lost", reason } : { type: "service restored", afterMs },
    );
  }

  isAnswerDue(): boolean {
    const { model, speech } = this.#options.conversation;
    return model.session?.hasPendingResponse === true && !speech.callerSpeaking;
  }

  answerLate(): void {
    this.#options.events.emit({ type: "answer late" });
  }

  modelsDown(code: string): void {
    this.#options.events.emit({ type: "models down", code });
  }

  /** Position of the first audio for a session that serves now. */
  #startOf(reason: SuccessionReason): number {
    const { caller } = this.#options.conversation;
    if (reason === "language") return this.#leftAtMs;
    const planned = reason === "expiring" || reason === "context";
    return planned && !caller.inTurn ? this.#leftAtMs : caller.replayFromMs(this.#turnAsText);
  }

  /** What the session must say without waiting for the caller. */
  #due(reason: SuccessionReason): ResponseRequest | undefined {
    const { conversation: { pending, transcript }, earlier } = this.#options;
    const request = pending.takeRequest();
    if (reason === "language") {
      return {
        instructions: `You are continuing a call that is in progress. So far: ${this.#summary ?? ""}`,
      };
    }
    if (reason === "expiring" || reason === "context") {
      return pending.mustSpeak ? this.#unanswered() : request;
    }
    if (request?.instructions) return request;
    if (!transcript.hasSpeech && earlier.length > 0) return { instructions: BACK, yieldsToCaller: true };
    if (!this.#greets) return undefined;
    if (!transcript.hasSpeech && this.#persona.greeting) return { instructions: this.#persona.greeting };
    return request ?? (pending.mustSpeak ? this.#unanswered() : undefined);
  }

  #unanswered(): ResponseRequest {
    return { ...(this.#turnAsText ? {} : { instructions: GO_ON }), yieldsToCaller: true };
  }
}

function endpointOf({ session, billedModel }: CallAssistant): ModelEndpoint {
  const { url, apiKey, model, audioFormat } = session;
  const name = URL.canParse(url) ? new URL(url).host : url;
  return { name, url, apiKey, model, billedModel, audioFormat, dialect: "auto" };
}
