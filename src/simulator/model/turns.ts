import type { Cancel } from "../../clock.ts";
import { transcriptOf } from "./echo.ts";
import { bytesPerMs } from "./audio.ts";
import type { SessionConfig } from "./config.ts";
import type { Conversation, StoredItem } from "./conversation.ts";
import { type Endpointing, type HeardTurn, InputAudio } from "./input.ts";
import { callerAudioTokens, textTokens } from "./usage.ts";
import type { Draft } from "./wire.ts";

/** What the caller's turns need of their session. */
export interface TurnSurroundings {
  readonly conversation: Conversation;
  readonly send: (event: Draft) => void;
  readonly newItemId: () => string;
  readonly after: (ms: number, then: () => void) => Cancel;
  /** The caller began to speak. */
  readonly started: () => void;
  /** The caller's turn is over and committed. */
  readonly stopped: () => void;
}

const TRANSCRIPTION_MS = 100;

/** The caller's side of a session: audio becomes turns, turns become items of the conversation. */
export class CallerTurns {
  readonly #around: TurnSurroundings;
  readonly #input: InputAudio;
  #config: SessionConfig["audio"]["input"];
  #itemId: string | undefined;

  constructor(config: SessionConfig["audio"]["input"], around: TurnSurroundings) {
    this.#config = config;
    this.#around = around;
    this.#input = new InputAudio(config.format, endpointing(config));
  }

  /** How much audio has been appended in this session, in ms. */
  get positionMs(): number {
    return this.#input.positionMs;
  }

  /** Whether the caller's turn has begun and not ended. */
  get speaking(): boolean {
    return this.#itemId !== undefined;
  }

  /** Applies the session's new settings. */
  configure(config: SessionConfig["audio"]["input"]): void {
    this.#config = config;
    if (this.#input.configure(config.format, endpointing(config))) this.#itemId = undefined;
  }

  /** Takes audio of the configured format. */
  append(audio: Uint8Array): void {
    const { send, started, stopped } = this.#around;
    for (const change of this.#input.append(audio)) {
      const item_id = this.#itemId ??= this.#around.newItemId();
      if (change.type === "started") {
        send({ type: "input_audio_buffer.speech_started", audio_start_ms: change.audioStartMs, item_id });
        started();
      } else {
        send({ type: "input_audio_buffer.speech_stopped", audio_end_ms: change.audioEndMs, item_id });
        this.#enter(change.turn);
        stopped();
      }
    }
  }

  /**
   * Makes a turn of everything in the buffer.
   *
   * @throws {ModelFault} `input_audio_buffer_commit_empty` below 100 ms.
   */
  commit(): void {
    this.#enter(this.#input.commit());
  }

  /** Forgets everything in the buffer. */
  clear(): void {
    this.#input.clear();
    this.#itemId = undefined;
    this.#around.send({ type: "input_audio_buffer.cleared" });
  }

  /** Makes an empty turn, since nobody has spoken from `startMs` until now. */
  timeOut(startMs: number): void {
    const item_id = this.#itemId = this.#around.newItemId();
    const endMs = Math.floor(this.positionMs);
    this.#around.send({
      type: "input_audio_buffer.timeout_triggered",
      audio_start_ms: Math.min(Math.floor(startMs), endMs),
      audio_end_ms: endMs,
      item_id,
    });
    const nothing = new Uint8Array();
    this.#enter({ format: this.#config.format, audio: nothing, speech: nothing });
  }

  #enter(turn: HeardTurn): void {
    const { conversation, send, after, newItemId } = this.#around;
    const id = this.#itemId ?? newItemId();
    this.#itemId = undefined;
    const item: StoredItem = {
      id,
      wire: {
        id,
        object: "realtime.item",
        type: "message",
        status: "completed",
        role: "user",
        content: [{ type: "input_audio", transcript: null }],
      },
      audioMs: turn.audio.length / bytesPerMs(turn.format),
      heard: turn,
    };
    const previous_item_id = conversation.insert(item);
    send({ type: "input_audio_buffer.committed", previous_item_id, item_id: id });
    send({ type: "conversation.item.added", previous_item_id, item: item.wire });
    send({ type: "conversation.item.done", previous_item_id, item: item.wire });
    // Transcription runs beside the response and comes when it comes.
    const { transcription } = this.#config;
    if (transcription) after(TRANSCRIPTION_MS, () => this.#transcribe(item, turn, transcription.model));
  }

  #transcribe(item: StoredItem, turn: HeardTurn, model: string | undefined): void {
    const transcript = transcriptOf(turn);
    if (item.wire.type === "message" && item.wire.role === "user") {
      item.wire = { ...item.wire, content: [{ type: "input_audio", transcript }] };
    }
    const { send } = this.#around;
    const at = { item_id: item.id, content_index: 0 };
    const audio_tokens = callerAudioTokens(item.audioMs);
    const output_tokens = textTokens(transcript);
    send({ type: "conversation.item.input_audio_transcription.delta", ...at, delta: transcript });
    send({
      type: "conversation.item.input_audio_transcription.completed",
      ...at,
      transcript,
      usage: model === "gpt-realtime-whisper" ? { type: "duration", seconds: item.audioMs / 1000 } : {
        type: "tokens",
        total_tokens: audio_tokens + output_tokens,
        input_tokens: audio_tokens,
        input_token_details: { text_tokens: 0, audio_tokens },
        output_tokens,
      },
    });
  }
}

function endpointing({ turn_detection: detection }: SessionConfig["audio"]["input"]): Endpointing | null {
  if (detection?.type === "server_vad") {
    return {
      threshold: detection.threshold,
      prefixMs: detection.prefix_padding_ms,
      silenceMs: detection.silence_duration_ms,
    };
  }
  // A stand-in does not know what a sentence is: it waits for a pause here too.
  return detection && { threshold: 0.5, prefixMs: 300, silenceMs: 600 };
}
