import type { Cancel, Clock } from "../../clock.ts";
import { fromBase64 } from "./audio.ts";
import { defaultConfig, type SessionConfig, updated } from "./config.ts";
import { asRetrieved, Conversation, itemOf } from "./conversation.ts";
import {
  type ClientEvent,
  type NewItem,
  parseFrame,
  readClientEvent,
  type ResponseWishes,
} from "./events.ts";
import type { Mind } from "./plan.ts";
import { ModelResponse } from "./response.ts";
import { CallerTurns } from "./turns.ts";
import { UsageMeter } from "./usage.ts";
import { type Draft, errorEvent, ModelFault, type WatchedEvent } from "./wire.ts";

/** What a session needs of the socket it speaks through. */
export interface SessionSurroundings {
  readonly clock: Clock;
  /** Unix ms. */
  readonly wallClock: () => number;
  /** What the model says. */
  readonly mind: Mind;
  readonly send: (event: WatchedEvent) => void;
  readonly close: (code: number, reason: string) => void;
  /** Sees each client event that could be parsed. */
  readonly watch: (event: WatchedEvent) => void;
}

const SESSION_MS = 60 * 60 * 1000;

/** One Realtime session. */
export class ModelSession {
  readonly #around: SessionSurroundings;
  readonly #name: string;
  readonly #conversation = new Conversation();
  readonly #meter = new UsageMeter();
  readonly #timers = new Set<Cancel>();
  readonly #turns: CallerTurns;
  #config: SessionConfig;
  #response: ModelResponse | undefined;
  #assistantSpoke = false;
  #cancelIdle: Cancel = () => {};
  #ids = 0;

  /** `name` tells this session's ids from another's. */
  constructor(name: string, model: string, around: SessionSurroundings) {
    this.#around = around;
    this.#name = name;
    const expiresAt = Math.floor((around.wallClock() + SESSION_MS) / 1000);
    this.#config = defaultConfig(`sess_${name}`, model, expiresAt);
    this.#turns = new CallerTurns(this.#config.audio.input, {
      conversation: this.#conversation,
      send: (event) => this.#send(event),
      newItemId: () => this.#id("item"),
      after: (ms, then) => this.#after(ms, then),
      started: () => this.#callerStarted(),
      stopped: () => this.#callerStopped(),
    });
  }

  /** Says `session.created`; from then on the hour runs. */
  open(): void {
    this.#send({ type: "session.created", session: this.#config });
    this.#after(SESSION_MS, () => {
      const message = "Your session hit the maximum duration of 60 minutes.";
      this.#send(errorEvent(new ModelFault("session_expired", message)));
      this.#around.close(1001, message);
    });
  }

  /** Takes one frame of the socket; what is wrong with it is answered with an `error` event. */
  receive(frame: unknown): void {
    let eventId: string | null = null;
    try {
      const event = parseFrame(frame);
      if (typeof event.event_id === "string") eventId = event.event_id;
      this.#around.watch(event);
      this.#carryOut(readClientEvent(event));
    } catch (error) {
      if (!(error instanceof ModelFault)) throw error;
      this.#send(errorEvent(error, eventId));
    }
  }

  /** Stops everything; nothing is sent any more. */
  end(): void {
    this.#response?.drop();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  #carryOut(event: ClientEvent): void {
    switch (event.type) {
      case "session.update":
        this.#config = updated(this.#config, event.session, this.#assistantSpoke);
        this.#turns.configure(this.#config.audio.input);
        this.#around.mind.configured?.(this.#config);
        return this.#send({ type: "session.updated", session: this.#config });
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
          item: asRetrieved(this.#conversation.retrieve(event.item_id)),
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
        throw new ModelFault("invalid_event", "output_audio_buffer.clear needs WebRTC or SIP.", "type");
    }
  }

  #callerStarted(): void {
    this.#cancelIdle();
    if (this.#config.audio.input.turn_detection?.interrupt_response) {
      this.#response?.end({ type: "cancelled", reason: "turn_detected" });
    }
  }

  #callerStopped(): void {
    if (!this.#config.audio.input.turn_detection?.create_response) return;
    this.#respondUnasked();
  }

  /** Responds to the caller's turn; what is wrong then is no fault of the event that happened to end it. */
  #respondUnasked(): void {
    try {
      this.#respond();
    } catch (error) {
      if (!(error instanceof ModelFault)) throw error;
      this.#send(errorEvent(error));
    }
  }

  #createItem(made: NewItem, previousId: string | null | undefined): void {
    const item = itemOf(made, made.id ?? this.#id("item"), this.#config.audio.input.format);
    const previous_item_id = this.#conversation.insert(item, previousId);
    this.#send({ type: "conversation.item.added", previous_item_id, item: item.wire });
    this.#send({ type: "conversation.item.done", previous_item_id, item: item.wire });
    const { mind } = this.#around;
    if (made.type === "function_call_output") mind.functionAnswered?.(made.call_id, made.output);
    if (made.type === "mcp_approval_response") {
      mind.approvalAnswered?.(made.approval_request_id, made.approve);
    }
    if (made.type !== "message" || made.role === "assistant") return;
    for (const part of made.content) if (part.type === "input_text") mind.noted?.(part.text);
  }

  /** @param wishes How the client wants it that asked for it; undefined where the caller's turn did. */
  #respond(wishes?: ResponseWishes): void {
    if (this.#response) throw stillActive(this.#response);
    this.#cancelIdle();
    const { audio, ...config } = this.#config;
    const { instructions, output_modalities, max_output_tokens, metadata, ...given } = wishes ?? {};
    const format = given.audio?.output?.format ?? audio.output.format;
    const plan = this.#around.mind.respond({
      asked: wishes && { instructions },
      unanswered: this.#conversation.unanswered(),
      config: this.#config,
      format,
    });
    const written = (output_modalities ?? config.output_modalities)[0] === "text";
    this.#assistantSpoke ||= !written && plan.pieces.some(({ type }) => type === "speech");
    this.#response = new ModelResponse(plan, {
      id: this.#id("resp"),
      conversationId: `conv_${this.#name}`,
      format,
      written,
      voice: given.audio?.output?.voice ?? audio.output.voice,
      instructions: instructions ?? config.instructions,
      maxOutputTokens: max_output_tokens ?? config.max_output_tokens,
      metadata: metadata ?? null,
    }, {
      clock: this.#around.clock,
      conversation: this.#conversation,
      meter: this.#meter,
      newItemId: () => this.#id("item"),
      send: (event) => this.#send(event),
      close: (code) => this.#around.close(code, ""),
      ended: () => this.#responseEnded(),
    });
  }

  #responseEnded(): void {
    const response = this.#response;
    const playMs = response?.audioMs ?? 0;
    this.#response = undefined;
    if (response) this.#around.mind.responded?.(response.plan);
    const detection = this.#config.audio.input.turn_detection;
    if (detection?.type !== "server_vad" || detection.idle_timeout_ms === null) return;
    if (this.#turns.speaking) return;
    const startMs = this.#turns.positionMs + playMs;
    // The server cannot know what is heard: it takes the audio to be played from now on.
    this.#cancelIdle = this.#after(playMs + detection.idle_timeout_ms, () => {
      this.#turns.timeOut(startMs);
      this.#respondUnasked();
    });
  }

  #cancel(responseId: string | undefined): void {
    if (!this.#response || (responseId ?? this.#response.id) !== this.#response.id) {
      throw new ModelFault("response_cancel_not_active", "Cancellation failed: no active response found");
    }
    this.#response.end({ type: "cancelled", reason: "client_cancelled" });
  }

  #send(event: Draft): void {
    this.#around.send({ event_id: this.#id("event"), ...event });
  }

  #id(kind: string): string {
    return `${kind}_${this.#name}_${++this.#ids}`;
  }

  #after(ms: number, then: () => void): Cancel {
    const undo = this.#around.clock.after(ms, () => {
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

function stillActive({ id }: ModelResponse): ModelFault {
  return new ModelFault(
    "conversation_already_has_active_response",
    `Conversation already has an active response in progress: ${id}. ` +
      "Wait until the response is finished before creating a new one.",
  );
}
