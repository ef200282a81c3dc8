import type { RealtimeResponse } from "openai/resources/realtime/realtime";
import type { Cancel, Clock } from "../../clock.ts";
import type { AudioFormat } from "./audio.ts";
import { ApprovalItem, CallItem } from "./call_item.ts";
import type { Conversation, StoredItem } from "./conversation.ts";
import type { OutputItem } from "./output_item.ts";
import type { ResponsePlan } from "./plan.ts";
import { SpokenItem } from "./spoken_item.ts";
import type { UsageMeter } from "./usage.ts";
import type { Draft, Wire } from "./wire.ts";

/** How a response is given. */
export interface ResponseSettings {
  readonly id: string;
  readonly conversationId: string;
  readonly format: AudioFormat;
  readonly written: boolean;
  readonly voice: string | { readonly id: string };
  readonly instructions: string;
  readonly maxOutputTokens: number | "inf";
  readonly metadata: Record<string, string> | null;
}

/** What a response needs of its session. */
export interface ResponseSurroundings {
  readonly clock: Clock;
  readonly conversation: Conversation;
  readonly meter: UsageMeter;
  readonly newItemId: () => string;
  readonly send: (event: Draft) => void;
  /** Takes the socket down in the middle of the response. */
  readonly close: (code: number) => void;
  /** Called once, before `response.done` goes out. */
  readonly ended: () => void;
}

/** How a response ended. */
export type Outcome =
  | { readonly type: "completed" }
  | { readonly type: "failed"; readonly error: { readonly type: string; readonly code: string } }
  | { readonly type: "cancelled"; readonly reason: "turn_detected" | "client_cancelled" };

const TOKENS_PER_MINUTE = 200_000;

/** One response being given: its items one after the other, and the order of its events. */
export class ModelResponse {
  readonly plan: ResponsePlan;
  readonly #settings: ResponseSettings;
  readonly #around: ResponseSurroundings;
  readonly #context: readonly StoredItem[];
  readonly #items: OutputItem[] = [];
  /** The item being given. */
  #open: OutputItem | undefined;
  #cancelDelay: Cancel = () => {};

  /** Begins at once. */
  constructor(plan: ResponsePlan, settings: ResponseSettings, around: ResponseSurroundings) {
    this.plan = plan;
    this.#settings = settings;
    this.#around = around;
    this.#context = [...around.conversation.items];
    around.send({ type: "response.created", response: this.#wire("in_progress") });
    const isEmpty = plan.pieces.length === 0;
    // An empty one is over later, too: who made it does not know it yet.
    if (plan.delayMs > 0 || isEmpty) {
      this.#cancelDelay = around.clock.after(plan.delayMs, () => this.#goOn());
    } else this.#goOn();
  }

  get id(): string {
    return this.#settings.id;
  }

  /** How much audio has been sent, in ms. */
  get audioMs(): number {
    return this.#items.reduce((sum, { stored }) => sum + stored.audioMs, 0);
  }

  /** Ends the response where it is. */
  end(outcome: Outcome): void {
    this.#cancelDelay();
    this.#around.ended();
    this.#open?.end("incomplete");
    const { send, meter } = this.#around;
    const text = this.#items.map((item) => item.text).join("");
    const usage = meter.count(this.#settings.instructions, this.#context, text, this.audioMs);
    const output = this.#items.map(({ stored }) => stored.wire);
    const status_details = outcome.type === "completed" ? null : outcome;
    send({
      type: "response.done",
      response: { ...this.#wire(outcome.type), status_details, output, usage },
    });
    const used = usage.total_tokens ?? 0;
    send({
      type: "rate_limits.updated",
      rate_limits: [{
        name: "tokens",
        limit: TOKENS_PER_MINUTE,
        remaining: TOKENS_PER_MINUTE - used,
        reset_seconds: 60 * used / TOKENS_PER_MINUTE,
      }],
    });
  }

  /** Stops without a word, as when the socket is gone. */
  drop(): void {
    this.#cancelDelay();
    this.#open?.drop();
  }

  /** Gives the next item; after the last one, ends as planned. */
  #goOn(): void {
    this.#open?.end("completed");
    this.#open = undefined;
    const piece = this.plan.pieces[this.#items.length];
    if (!piece) return this.#conclude();
    const around = {
      ...this.#around,
      responseId: this.id,
      itemId: this.#around.newItemId(),
      outputIndex: this.#items.length,
      format: this.#settings.format,
      finished: () => this.#goOn(),
    };
    this.#open = piece.type === "speech"
      ? new SpokenItem(this.#settings.written ? { ...piece, audio: undefined } : piece, around)
      : piece.type === "call"
      ? new CallItem(piece, around)
      : new ApprovalItem(piece, around);
    this.#items.push(this.#open);
  }

  #conclude(): void {
    const { end } = this.plan;
    if (end.type === "completed") this.end(end);
    else if (end.type === "failed") {
      this.end({ type: "failed", error: { type: "server_error", code: end.code } });
    } else if (end.type === "close") this.#around.close(end.code);
  }

  #wire(status: "in_progress" | Outcome["type"]): Wire<RealtimeResponse> {
    const { id, conversationId, format, written, voice, maxOutputTokens, metadata } = this.#settings;
    return {
      object: "realtime.response",
      id,
      status,
      status_details: null,
      output: [],
      conversation_id: conversationId,
      output_modalities: [written ? "text" : "audio"],
      max_output_tokens: maxOutputTokens,
      audio: { output: { format, voice: typeof voice === "string" ? voice : voice.id } },
      usage: null,
      metadata,
    };
  }
}
