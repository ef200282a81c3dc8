import type {
  HeardItem,
  HistoryItem,
  ModelObserver,
  ModelSession,
  ResponseOutcome,
  ResponseRequest,
  TextResponse,
} from "../../src/model/model_interface.ts";
import type { SessionOptions } from "../../src/model/session_options.ts";

import { historyLines } from "../../src/model/history_text.ts";

/** A response as a model reports it. */
export function response(changes: Partial<ResponseOutcome> = {}): ResponseOutcome {
  const none = { input: 0, cached: 0, output: 0 };
  return {
    status: "completed",
    hasAudio: true,
    usage: { inputTokens: 10, outputTokens: 5, text: none, audio: none },
    ...changes,
  };
}

/** A model session that does nothing by itself, and records what it is given. */
export class StillSession implements ModelSession {
  /** Responses requested. */
  readonly requests: Required<
    Omit<{ [Key in keyof ResponseRequest]: ResponseRequest[Key] }, "onPostponed">
  >[] = [];
  /** Refuses the last request that handles it. */
  postpone = () => {};
  readonly functionResults: { callId: string; output: string }[] = [];
  readonly approvalsSent: { id: string; approved: boolean }[] = [];
  readonly interruptions: HeardItem[] = [];
  readonly notes: string[] = [];
  /** Items of an earlier session. */
  readonly restored: HistoryItem[] = [];
  /** Restored items and notes as text, in order. */
  readonly known: string[] = [];
  readonly deleted: string[] = [];
  probes = 0;
  /** Caller frames: base64. */
  readonly frames: string[] = [];
  /** First byte of each frame. */
  get firstBytes(): (number | undefined)[] {
    return this.frames.map((payload) => Uint8Array.fromBase64(payload)[0]);
  }
  /** Instructions of each response requested. */
  get instructions(): string[] {
    return this.requests.map(({ instructions }) => instructions ?? "");
  }
  bufferedBytes = 0;
  hasPendingResponse = false;
  listening = true;
  cancellations = 0;
  closed = false;
  /** The conversation that each summary was requested of; undefined for the session's own. */
  readonly summaryOf: (string | undefined)[] = [];
  callerPresent = false;

  constructor(
    readonly observer?: ModelObserver,
    readonly options?: SessionOptions,
  ) {}

  appendAudio(payload: string): void {
    this.frames.push(payload);
  }
  requestResponse(
    { instructions, onDone, onPostponed, yieldsToCaller = false }: ResponseRequest = {},
  ): void {
    this.requests.push({ instructions, onDone, yieldsToCaller });
    if (onPostponed) this.postpone = onPostponed;
  }
  sendFunctionResult(callId: string, output: string): void {
    this.functionResults.push({ callId, output });
  }
  sendApproval(id: string, approved: boolean): void {
    this.approvalsSent.push({ id, approved });
  }
  addSystemMessage(text: string): void {
    this.known.push(text);
    this.notes.push(text);
  }
  restore(items: readonly HistoryItem[]): void {
    this.restored.push(...items);
    this.known.push(...historyLines(items));
  }
  deleteItem(itemId: string): void {
    this.deleted.push(itemId);
  }
  probe(): void {
    this.probes++;
  }
  setCallerPresent(present: boolean): void {
    this.callerPresent = present;
  }
  stopListening(): void {
    this.listening = false;
  }
  interrupt(heard: readonly HeardItem[]): void {
    this.interruptions.push(...heard);
  }
  cancelResponse(): void {
    this.cancellations++;
  }
  closeWithText(
    _instructions: string,
    done: (written: TextResponse | undefined) => void,
    conversation?: string,
  ): void {
    this.closed = true;
    this.summaryOf.push(conversation);
    done({ text: "They talked.", usage: response().usage });
  }
  close(): void {
    this.closed = true;
  }
}
