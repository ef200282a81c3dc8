import type { RealtimeResponse } from "openai/resources/realtime/realtime";
import type { Cancel } from "../../clock.ts";
import type { AudioFormat } from "./model_audio.ts";
import type { StoredItem } from "./conversation_items.ts";
import { ApprovalItem, McpCallItem } from "./mcp_items.ts";
import { FunctionCallItem, type ItemContext, type OutputItem, SpeechItem } from "./output_items.ts";
import type { McpTools } from "./mcp_tools.ts";
import type { ResponsePlan } from "./model_behavior.ts";
import type { UsageMeter } from "./usage_meter.ts";
import type { Wire } from "./server_events.ts";
import type { SessionParts } from "./session_parts.ts";

/** The settings of one response. */
export interface ResponseSettings {
  readonly id: string;
  readonly conversationId: string;
  readonly format: AudioFormat;
  /** Text instead of audio. */
  readonly textOnly: boolean;
  readonly voice: string | { readonly id: string };
  readonly instructions: string;
  readonly maxOutputTokens: number | "inf";
  readonly metadata: Record<string, string> | null;
}

export interface ResponseContext extends SessionParts {
  readonly meter: UsageMeter;
  readonly mcpTools: McpTools;
  /** Closes the socket in the middle of the response. */
  readonly close: (code: number) => void;
  /** Called once, before `response.done` is sent. */
  readonly onEnd: () => void;
}

export type Outcome =
  | { readonly type: "completed" }
  | { readonly type: "failed"; readonly error: { readonly type: string; readonly code: string } }
  | { readonly type: "cancelled"; readonly reason: "turn_detected" | "client_cancelled" };

const TOKENS_PER_MINUTE = 200_000;

/** One response in progress. Sends its items one after the other, with every event in the vendor's order. */
export class ModelResponse {
  readonly plan: ResponsePlan;
  readonly #settings: ResponseSettings;
  readonly #context: ResponseContext;
  /** The conversation when the response began, for its usage. */
  readonly #input: readonly StoredItem[];
  readonly #items: OutputItem[] = [];
  /** The item in progress. */
  #item: OutputItem | undefined;
  #cancelDelay: Cancel = () => {};

  /** Sends `response.created` and starts. */
  constructor(plan: ResponsePlan, settings: ResponseSettings, context: ResponseContext) {
    this.plan = plan;
    this.#settings = settings;
    this.#context = context;
    this.#input = [...context.conversation.items];
    context.send({ type: "response.created", response: this.#wire("in_progress") });
    const isEmpty = plan.items.length === 0;
    // An empty response also ends later, because the constructor has not returned yet.
    if (plan.delayMs > 0 || isEmpty) {
      this.#cancelDelay = context.after(plan.delayMs, () => this.#nextItem());
    } else this.#nextItem();
  }

  get id(): string {
    return this.#settings.id;
  }

  /** Audio sent so far (ms). */
  get audioMs(): number {
    return this.#items.reduce((sum, { stored }) => sum + stored.audioMs, 0);
  }

  /** Ends the response, and its item in progress as incomplete. */
  end(outcome: Outcome): void {
    this.#cancelDelay();
    this.#context.onEnd();
    this.#item?.end("incomplete");
    const { send, meter } = this.#context;
    const text = this.#items.map((item) => item.text).join("");
    const usage = meter.count(this.#settings.instructions, this.#input, text, this.audioMs);
    const output = this.#items.map(({ stored }) => stored.wire);
    const status_details = outcome.type === "completed" ? null : outcome;
    const response = { ...this.#wire(outcome.type), status_details, output, usage };
    send({ type: "response.done", response });
    const usedTokens = usage.total_tokens ?? 0;
    const remaining = TOKENS_PER_MINUTE - usedTokens;
    const reset_seconds = 60 * usedTokens / TOKENS_PER_MINUTE;
    const limit = { name: "tokens" as const, limit: TOKENS_PER_MINUTE, remaining, reset_seconds };
    send({ type: "rate_limits.updated", rate_limits: [limit] });
  }

  /** Starts the next item; after the last one, ends as planned. */
  #nextItem(): void {
    this.#item?.end("completed");
    this.#item = undefined;
    const itemPlan = this.plan.items[this.#items.length];
    if (!itemPlan) return this.#finish();
    const { id, format, textOnly } = this.#settings;
    const isSilent = textOnly && itemPlan.type === "speech";
    this.#item = startItem(isSilent ? { ...itemPlan, audio: undefined } : itemPlan, {
      ...this.#context,
      responseId: id,
      itemId: this.#context.newItemId(),
      outputIndex: this.#items.length,
      format,
      onFinished: () => this.#nextItem(),
    });
    this.#items.push(this.#item);
  }

  #finish(): void {
    const { end } = this.plan;
    if (end.type === "completed") this.end(end);
    else if (end.type === "failed") {
      this.end({ type: "failed", error: { type: "server_error", code: end.code } });
    } else if (end.type === "close") this.#context.close(end.code);
  }

  #wire(status: "in_progress" | Outcome["type"]): Wire<RealtimeResponse> {
    const { id, conversationId, format, textOnly, voice, maxOutputTokens, metadata } = this.#settings;
    return {
      object: "realtime.response",
      id,
      status,
      status_details: null,
      output: [],
      conversation_id: conversationId,
      output_modalities: [textOnly ? "text" : "audio"],
      max_output_tokens: maxOutputTokens,
      audio: { output: { format, voice: typeof voice === "string" ? voice : voice.id } },
      usage: null,
      metadata,
    };
  }
}

/** Starts to send an item. */
function startItem(plan: ResponsePlan["items"][number], context: ItemContext): OutputItem {
  switch (plan.type) {
    case "speech":
      return new SpeechItem(plan, context);
    case "call":
      return new FunctionCallItem(plan, context);
    case "mcp_call":
      return new McpCallItem(plan, context);
    case "approval":
      return new ApprovalItem(plan, context);
  }
}
