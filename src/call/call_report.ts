import type { CallMessage, CallOverview, CallRecord, EndedCall } from "../records/call_record.ts";
import type { CallLine } from "./call_line.ts";
import type { CallTotals } from "./call_telemetry.ts";
import type { CallUsage } from "./call_usage.ts";
import type { Transfers } from "./phone/transfer.ts";
import type { CallParts } from "./call_parts.ts";

/** Facts about a call before it starts. */
export type CallIdentity = Pick<
  CallRecord,
  "callSid" | "direction" | "from" | "to" | "assistant" | "model" | "startedAt"
>;

export interface CallReportOptions
  extends Pick<CallParts, "events" | "timeline" | "conversation" | "ending" | "clock"> {
  readonly identity: CallIdentity;
  readonly usage: CallUsage;
  readonly line: CallLine;
  readonly transfers: Transfers;
  readonly recorded: boolean;
}

/** Builds the call's record, the same way while the call runs and after it ended. */
export class CallReport {
  readonly #options: CallReportOptions;
  readonly #messages: CallMessage[] = [];
  #announcedAt: number;
  #startedAt: string;
  #ended: EndedCall | undefined;

  constructor(options: CallReportOptions) {
    this.#options = options;
    const { events, clock } = options;
    this.#announcedAt = clock.now();
    this.#startedAt = options.identity.startedAt;
    events.on("message taken", ({ message }) => this.#messages.push(message));
    events.on("call ended", ({ end }) => {
      this.#ended = {
        ...this.#build(),
        state: "ended",
        endedAt: new Date(clock.wallTime()).toISOString(),
        endReason: end.reason,
      };
    });
  }

  get identity(): CallIdentity {
    return { ...this.#options.identity, startedAt: this.#startedAt };
  }

  /** The call begins now: it was announced, or an outbound call was answered. */
  announced(): void {
    const { clock } = this.#options;
    this.#announcedAt = clock.now();
    this.#startedAt = new Date(clock.wallTime()).toISOString();
  }

  get state(): CallRecord["state"] {
    const { ending, line, timeline, transfers } = this.#options;
    if (this.#ended) return "ended";
    if (ending.goodbyeReason) return "ending";
    if (line.connected) return "connected";
    if (transfers.current) return "transferring";
    return timeline.started ? "reconnecting" : "announced";
  }

  /** Figures for the call's log line. */
  get totals(): Omit<CallTotals, "reason"> {
    const { clock, conversation, line, timeline, usage } = this.#options;
    return {
      ms: timeline.started ? timeline.atMs : clock.now() - this.#announcedAt,
      connected: timeline.started,
      skipped: line.skipped,
      callerTurns: conversation.turns.count,
      bargeIns: this.#bargeIns,
      inputTokens: usage.inputTokens,
      outputTokens: usage.outputTokens,
      callerAudio: conversation.callerAudioCounts,
      marksLost: conversation.speech.marksLost,
    };
  }

  /** The record without its lists. */
  get overview(): CallOverview {
    if (!this.#ended) return { ...this.#buildOverview(), ...this.#recording };
    const { turns: _turns, events: _events, tokens: _tokens, messages: _messages, ...summary } = this.#ended;
    return summary;
  }

  /** The record as of now; its turns have the ids and unheard texts that only a live view needs. */
  get record(): CallRecord {
    if (this.#ended) return this.#ended;
    const { transcript } = this.#options.conversation;
    return { ...this.#build(), turns: transcript.liveTurns, ...this.#recording };
  }

  /** The record as of now, as it would be stored. */
  get recordSoFar(): CallRecord {
    return this.#ended ?? this.#build();
  }

  /**
   * The complete record, without a summary and without what the carrier bills after the end; undefined while the call runs.
   */
  get endedCall(): EndedCall | undefined {
    return this.#ended;
  }

  get #bargeIns(): number {
    return this.#options.timeline.events.filter(({ kind }) => kind === "barge-in").length;
  }

  get #recording(): Pick<CallRecord, "recording"> {
    const { recorded, timeline } = this.#options;
    return recorded ? { recording: { state: timeline.paused ? "paused" : "on" } } : {};
  }

  /** Events and messages are not copied, because the last events may be added after the call has ended. */
  #build(): CallRecord {
    const { timeline, conversation, usage } = this.#options;
    return {
      ...this.#buildOverview(),
      turns: conversation.transcript.turns,
      events: timeline.events,
      tokens: usage.tokens,
      messages: this.#messages,
    };
  }

  #buildOverview(): CallOverview {
    const { timeline, conversation, usage } = this.#options;
    return {
      ...this.identity,
      state: this.state,
      seconds: timeline.atMs / 1000,
      callerTurns: conversation.turns.count,
      bargeIns: this.#bargeIns,
      costUsd: usage.costUsd,
      costs: usage.costs,
      carrierMinutes: usage.carrierMinutes,
    };
  }
}
