import type { Cancel, Clock } from "../../clock.ts";
import { fromBase64 } from "./model_audio.ts";
import { defaultConfig, type SessionConfig, updated } from "./session_config.ts";
import { ConversationItems, createItem, withAudio } from "./conversation_items.ts";
import {
  type ClientEvent,
  type NewItem,
  parseFrame,
  readClientEvent,
  type ResponseOverrides,
} from "./client_events.ts";
import type { ModelBehavior } from "./model_behavior.ts";
import { McpTools } from "./mcp_tools.ts";
import { ModelResponse } from "./model_response.ts";
import { CallerTurns } from "./caller_turns.ts";
import type { SessionParts } from "./session_parts.ts";
import { UsageMeter } from "./usage_meter.ts";
import { ClientEventError, errorEvent, type ServerEvent, type WireEvent } from "./server_events.ts";

export interface SessionContext {
  readonly clock: Clock;
  readonly behavior: ModelBehavior;
  readonly send: (event: WireEvent) => void;
  readonly close: (code: number, reason: string) => void;
  /** Called with each client event that could be parsed. */
  readonly onEvent: (event: WireEvent) => void;
}

const SESSION_MS = 60 * 60 * 1000;

/** One Realtime session: https://platform.openai.com/docs/api-reference/realtime */
export class SimulatedSession {
  readonly #context: SessionContext;
  readonly #name: string;
  readonly #conversation = new ConversationItems();
  readonly #meter = new UsageMeter();
  readonly #timers = new Set<Cancel>();
  readonly #parts: SessionParts = {
    conversation: this.#conversation,
    send: (event) => this.#send(event),
    newItemId: () => this.#id("item"),
    after: (ms, then) => this.#after(ms, then),
  };
  readonly #mcpTools = new McpTools(this.#parts);
  readonly #turns: CallerTurns;
  #config: SessionConfig;
  #response: ModelResponse | undefined;
  #assistantSpoke = false;
  #cancelIdle: Cancel = () => {};
  #ids = 0;

  /** @param name Part of every id of this session, so that ids of two sessions differ. */
  constructor(name: string, model: string, context: SessionContext) {
    this.#context = context;
    this.#name = name;
    const expiresAt = Math.floor((context.clock.wallTime() + SESSION_MS) / 1000);
    this.#config = defaultConfig(`sess_${name}`, model, expiresAt);
    this.#turns = new CallerTurns(this.#config.audio.input, {
      ...this.#parts,
      behavior: context.behavior,
      onStarted: () => this.#callerStarted(),
      onCommitted: () => {
        if (this.#config.audio.input.turn_detection?.create_response) this.#respondToTurn();
      },
    });
  }

  /** Sends `session.created`; the session expires 60 minutes later. */
  open(): void {
    this.#send({ type: "session.created", session: this.#config });
    this.#after(SESSION_MS, () => {
      const message = "Your session hit the maximum duration of 60 minutes.";
      this.#send(errorEvent(new ClientEventError("session_expired", message)));
      this.#context.close(1001, message);
    });
  }

  /** Handles one frame of the socket. Sends an `error` event for a faulty one. */
  receive(frame: unknown): void {
    let eventId: string | null = null;
    try {
      const event = parseFrame(frame);
      if (typeof event.event_id === "string") eventId = event.event_id;
      this.#context.onEvent(event);
      this.#handle(readClientEvent(event));
    } catch (error) {
      if (!(error instanceof ClientEventError)) throw error;
      this.#send(errorEvent(error, eventId));
    }
  }

  /** Stops every timer. Sends nothing afterwards. */
  end(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #handle(event: ClientEvent): void {
    switch (event.type) {
      case "session.update":
        this.#config = updated(this.#config, event.session, this.#assistantSpoke);
        this.#turns.configure(this.#config.audio.input);
        this.#context.behavior.onSessionUpdate?.(this.#config);
        this.#send({ type: "session.updated", session: this.#config });
        return this.#mcpTools.configure(this.#config.tools);
      case "input_audio_buffer.append":
        return this.#turns.append(fromBase64(this.#config.audio.input.format, event.audio, "audio"));
      case "input_audio_buffer.commit":
        return this.#turns.commit();
      case "input_audio_buffer.clear":
        return this.#turns.clear();
      case "conversation.item.create":
        return this.#createItem(event.item, event.previous_item_id);
      case "conversation.item.retrieve":
        return this.#send({
          type: "conversation.item.retrieved",
          item: withAudio(this.#conversation.retrieve(event.item_id)),
        });
      case "conversation.item.delete":
        this.#conversation.delete(event.item_id);
        return this.#send({ type: "conversation.item.deleted", item_id: event.item_id });
      case "conversation.item.truncate": {
        const { item_id, content_index, audio_end_ms } = event;
        this.#conversation.truncate(item_id, audio_end_ms);
        return this.#send({ type: "conversation.item.truncated", item_id, content_index, audio_end_ms });
      }
      case "response.create":
        return this.#respond(event.response ?? {});
      case "response.cancel":
        return this.#cancel(event.response_id);
      case "output_audio_buffer.clear":
        throw new ClientEventError("invalid_event", "output_audio_buffer.clear needs WebRTC or SIP.", "type");
    }
  }

  #callerStarted(): void {
    this.#cancelIdle();
    if (this.#config.audio.input.turn_detection?.interrupt_response) {
      this.#response?.end({ type: "cancelled", reason: "turn_detected" });
    }
  }

  /**
   * Responds to the caller's turn. An error is sent without the id of the client event that ended the turn.
   */
  #respondToTurn(): void {
    try {
      this.#respond();
    } catch (error) {
      if (!(error instanceof ClientEventError)) throw error;
      this.#send(errorEvent(error));
    }
  }

  #createItem(newItem: NewItem, previousId: string | null | undefined): void {
    const item = createItem(newItem, newItem.id ?? this.#id("item"), this.#config.audio.input.format);
    const previous_item_id = this.#conversation.insert(item, previousId);
    this.#send({ type: "conversation.item.added", previous_item_id, item: item.wire });
    this.#send({ type: "conversation.item.done", previous_item_id, item: item.wire });
    const { behavior } = this.#context;
    if (newItem.type === "function_call_output") behavior.onFunctionOutput?.(newItem.call_id, newItem.output);
    if (newItem.type === "mcp_approval_response") {
      behavior.onApproval?.(newItem.approval_request_id, newItem.approve);
      this.#mcpTools.decide(newItem.approval_request_id, newItem.approve);
    }
    if (newItem.type !== "message" || newItem.role === "assistant") return;
    for (const part of newItem.content) if (part.type === "input_text") behavior.onText?.(part.text);
  }

  /** @param overrides Of the client's `response.create`; undefined for a response to the caller's turn. */
  #respond(overrides?: ResponseOverrides): void {
    if (this.#response) {
      throw new ClientEventError(
        "conversation_already_has_active_response",
        `Conversation already has an active response in progress: ${this.#response.id}. ` +
          "Wait until the response is finished before creating a new one.",
      );
    }
    this.#cancelIdle();
    const { audio, ...config } = this.#config;
    const { instructions, output_modalities, max_output_tokens, metadata, audio: own } = overrides ?? {};
    const format = own?.output?.format ?? audio.output.format;
    const plan = this.#context.behavior.planResponse({
      requested: overrides && { instructions },
      unanswered: this.#conversation.unanswered(),
      config: this.#config,
      format,
    });
    const textOnly = (output_modalities ?? config.output_modalities)[0] === "text";
    this.#assistantSpoke ||= !textOnly && plan.items.some(({ type }) => type === "speech");
    this.#response = new ModelResponse(plan, {
      id: this.#id("resp"),
      conversationId: `conv_${this.#name}`,
      format,
      textOnly,
      voice: own?.output?.voice ?? audio.output.voice,
      instructions: instructions ?? config.instructions,
      maxOutputTokens: max_output_tokens ?? config.max_output_tokens,
      metadata: metadata ?? null,
    }, {
      ...this.#parts,
      meter: this.#meter,
      mcpTools: this.#mcpTools,
      close: (code) => this.#context.close(code, ""),
      onEnd: () => this.#responseEnded(),
    });
  }

  #responseEnded(): void {
    const response = this.#response;
    const playMs = response?.audioMs ?? 0;
    this.#response = undefined;
    if (response) this.#context.behavior.onResponseEnd?.(response.plan);
    const detection = this.#config.audio.input.turn_detection;
    if (detection?.type !== "server_vad" || detection.idle_timeout_ms === null) return;
    if (this.#turns.speaking) return;
    const startMs = this.#turns.positionMs + playMs;
    // Like the vendor's server, assumes that playback starts now.
    this.#cancelIdle = this.#after(playMs + detection.idle_timeout_ms, () => {
      this.#turns.timeOut(startMs);
      this.#respondToTurn();
    });
  }

  #cancel(responseId: string | undefined): void {
    if (!this.#response || (responseId ?? this.#response.id) !== this.#response.id) {
      const message = "Cancellation failed: no active response found";
      throw new ClientEventError("response_cancel_not_active", message);
    }
    this.#response.end({ type: "cancelled", reason: "client_cancelled" });
  }

  #send(event: ServerEvent): void {
    this.#context.send({ event_id: this.#id("event"), ...event });
  }

  #id(kind: string): string {
    return `${kind}_${this.#name}_${++this.#ids}`;
  }

  #after(ms: number, then: () => void): Cancel {
    const undo = this.#context.clock.after(ms, () => {
      this.#timers.delete(undo);
      then();
    });
    this.#timers.add(undo);
    return () => {
      this.#timers.delete(undo);
      undo();
    };
  }
}
