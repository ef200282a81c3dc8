import type { Clock } from "../../clock.ts";
import type { ModelEndpoint, SuccessionReason } from "../../model/model_endpoint.ts";
import type {
  ModelObserver,
  ModelSession,
  ResponseOutcome,
  SessionFailure,
  SessionInfo,
} from "../../model/model_interface.ts";

/**
 * `prepared`: configured, and without audio so far. `draining`: replaced; its late transcripts and its usage still count.
 */
export type SlotState = "dialling" | "prepared" | "serving" | "draining" | "closed";

/** What a slot reports to the owner of the sessions. */
export interface SlotOwner {
  /** Events of the serving session. */
  readonly observer: ModelObserver;
  slotReady(slot: SessionSlot, info: SessionInfo): void;
  slotFailed(slot: SessionSlot, failure: SessionFailure): void;
  /** The serving session owes an answer to the caller's turn. */
  answerDue(): void;
  /** The serving session has heard the caller: it need not answer yet. */
  callerSpoke(): void;
  /** The serving session has begun to answer. */
  answerStarted(): void;
  /** A response of the serving session has ended. */
  answerDone(slot: SessionSlot, outcome: ResponseOutcome): void;
  contextUsed(ratio: number): void;
  /** A replaced session has ended its response. */
  drained(outcome: ResponseOutcome): void;
}

export interface SessionSlotOptions {
  readonly owner: SlotOwner;
  readonly endpoint: ModelEndpoint;
  readonly reason: SuccessionReason;
  readonly clock: Clock;
  readonly open: (endpoint: ModelEndpoint, observer: ModelObserver) => ModelSession;
}

/** One session: where it is, and which of its events count there. */
export class SessionSlot {
  readonly session: ModelSession;
  readonly endpoint: ModelEndpoint;
  /** Why it was dialled; a successor that becomes the replacement of a lost session gets another reason. */
  reason: SuccessionReason;
  readonly dialledAt: number;
  /** When the vendor ends it (ms of the clock), if known. */
  expiresAt: number | undefined;
  readonly #owner: SlotOwner;
  readonly #clock: Clock;
  #state: SlotState = "dialling";
  #servedFrom: number | undefined;

  constructor({ owner, endpoint, reason, clock, open }: SessionSlotOptions) {
    this.#owner = owner;
    this.#clock = clock;
    this.endpoint = endpoint;
    this.reason = reason;
    this.dialledAt = clock.now();
    this.session = open(endpoint, this.#observer());
  }

  get state(): SlotState {
    return this.#state;
  }

  /** For how long it has served (ms). */
  get servedMs(): number {
    return this.#servedFrom === undefined ? 0 : this.#clock.now() - this.#servedFrom;
  }

  serve(): void {
    this.#state = "serving";
    this.#servedFrom = this.#clock.now();
  }

  drain(): void {
    this.#state = "draining";
  }

  /** Reports nothing more. */
  release(): ModelSession {
    this.#state = "closed";
    return this.session;
  }

  close(): void {
    if (this.#state === "closed") return;
    this.release().close();
  }

  #observer(): ModelObserver {
    const owner = this.#owner;
    const { observer } = owner;
    /** Passes on an event of the serving session. */
    const serving =
      <Args extends unknown[]>(handle: (...args: Args) => void, before?: () => void) => (...args: Args) => {
        if (this.#state !== "serving") return;
        before?.();
        handle(...args);
      };
    /** The same, also for a session that was replaced. */
    const late = <Args extends unknown[]>(handle: (...args: Args) => void) => (...args: Args) => {
      if (this.#state === "serving" || this.#state === "draining") handle(...args);
    };
    const started = () => owner.answerStarted();
    return {
      sessionReady: (info = { needsSilence: false }) => {
        if (this.#state !== "dialling") return;
        this.#state = "prepared";
        if (info.lifetimeMs !== undefined) this.expiresAt = this.#clock.now() + info.lifetimeMs;
        owner.slotReady(this, info);
      },
      sessionFailed: (failure) => {
        if (this.#state === "closed") return;
        if (this.#state === "draining") this.#state = "closed";
        else owner.slotFailed(this, failure);
      },
      responseDone: (outcome) => {
        if (this.#state === "draining") owner.drained(outcome);
        if (this.#state !== "serving") return;
        owner.answerDone(this, outcome);
        observer.responseDone(outcome);
      },
      callerSpeechStarted: serving((at) => observer.callerSpeechStarted(at), () => owner.callerSpoke()),
      callerSpeechStopped: serving((at) => observer.callerSpeechStopped(at)),
      turnCommitted: serving((itemId) => observer.turnCommitted(itemId), () => owner.answerDue()),
      assistantAudio: serving((itemId, audio) => observer.assistantAudio(itemId, audio), started),
      functionCalled: serving((call) => observer.functionCalled(call), started),
      approvalRequested: serving((request) => observer.approvalRequested(request), started),
      mcpCallStarted: serving((call) => observer.mcpCallStarted(call), started),
      mcpCallEnded: serving((call, result) => observer.mcpCallEnded(call, result)),
      itemAdded: serving((itemId, previous, speaker) => observer.itemAdded(itemId, previous, speaker)),
      transcriptDelta: late((itemId, speaker, text) => observer.transcriptDelta(itemId, speaker, text)),
      callerTranscript: late((itemId, text, usage) => observer.callerTranscript(itemId, text, usage)),
      assistantTranscript: late((itemId, text) => observer.assistantTranscript(itemId, text)),
      modelError: serving((code) => observer.modelError(code)),
      malformedEvent: serving(() => observer.malformedEvent()),
      audioAcknowledged: serving((audioMs) => observer.audioAcknowledged(audioMs)),
      lineSuspect: serving((suspect) => observer.lineSuspect(suspect)),
      contextUsed: serving((ratio) => owner.contextUsed(ratio)),
    };
  }
}
