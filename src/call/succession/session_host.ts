import type { ModelEndpoint, SuccessionReason } from "../../model/model_endpoint.ts";
import type {
  ModelObserver,
  ModelSession,
  ResponseOutcome,
  SessionFailure,
} from "../../model/model_interface.ts";
import type { SessionSlot } from "./session_slot.ts";

/** What the owner of the sessions needs of the call. */
export interface SessionHost {
  open(endpoint: ModelEndpoint, observer: ModelObserver): ModelSession;
  /** Events of the serving session; of a replaced one, only late transcripts. */
  readonly observer: ModelObserver;
  /** A replaced session has ended its response: its usage is billed. */
  drained(outcome: ResponseOutcome, endpoint: ModelEndpoint): void;
  /** Whether a swap would disturb nobody. Checked every 100 ms while a planned successor waits. */
  isQuiet(): boolean;
  sessionReady(slot: SessionSlot): void;
  /** The session does not serve any more: settles what it has not answered. */
  leave(session: ModelSession, reason: SuccessionReason): void;
  /** The session serves now: gives it the conversation, then the caller's audio, then requests what is due. */
  serve(slot: SessionSlot): void;
  /** A serving session, or one that should replace it, has failed. */
  lost(failure: SessionFailure): void;
  /** A connected caller is without a session, or has one again. */
  serviceChanged(lost: boolean, reason: SuccessionReason, afterMs: number): void;
  /** Whether a response is requested that the caller waits for in silence. */
  isAnswerDue(): boolean;
  /** That response has not begun within the usual time. */
  answerLate(): void;
  modelsDown(code: string): void;
}
