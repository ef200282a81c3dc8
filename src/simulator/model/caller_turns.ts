import { transcriptOf } from "./echo_model.ts";
import { bytesPerMs } from "./model_audio.ts";
import type { SessionConfig } from "./session_config.ts";
import type { StoredItem } from "./conversation_items.ts";
import { type Endpointing, InputAudioBuffer, type TurnAudio } from "./input_audio_buffer.ts";
import { callerAudioTokens, textTokens } from "./usage_meter.ts";
import type { WireItem } from "./server_events.ts";
import type { SessionParts } from "./session_parts.ts";
import type { ModelBehavior } from "./model_behavior.ts";

export interface TurnContext extends SessionParts {
  readonly behavior: Pick<ModelBehavior, "semanticSilenceMs" | "transcribe">;
  readonly onStarted: () => void;
  /** The turn has ended and was committed to the conversation. */
  readonly onCommitted: () => void;
}

const TRANSCRIPTION_MS = 100;
const SEMANTIC_SILENCE_MS = 600;

/** The caller's side of a session. Divides audio into turns and adds them to the conversation. */
export class CallerTurns {
  readonly #context: TurnContext;
  readonly #input: InputAudioBuffer;
  #config: SessionConfig["audio"]["input"];
  #itemId: string | undefined;

  constructor(config: SessionConfig["audio"]["input"], context: TurnContext) {
    this.#config = config;
    this.#context = context;
    this.#input = new InputAudioBuffer(config.format, this.#endpointing(config));
  }

  /** Audio appended in this session (ms). */
  get positionMs(): number {
    return this.#input.positionMs;
  }

  get speaking(): boolean {
    return this.#itemId !== undefined;
  }

  /** Applies the session's new settings. */
  configure(config: SessionConfig["audio"]["input"]): void {
    this.#config = config;
    if (this.#input.configure(config.format, this.#endpointing(config))) this.#itemId = undefined;
  }

  /** @param audio Of the configured format. */
  append(audio: Uint8Array): void {
    const { send, onStarted, onCommitted } = this.#context;
    for (const change of this.#input.append(audio)) {
      const item_id = this.#itemId ??= this.#context.newItemId();
      if (change.type === "started") {
        send({ type: "input_audio_buffer.speech_started", audio_start_ms: change.audioStartMs, item_id });
        onStarted();
      } else {
        send({ type: "input_audio_buffer.speech_stopped", audio_end_ms: change.audioEndMs, item_id });
        this.#commitTurn(change.turn);
        onCommitted();
      }
    }
  }

  /**
   * Commits the whole buffer as one turn.
   *
   * @throws {ClientEventError} `input_audio_buffer_commit_empty` below 100 ms.
   */
  commit(): void {
    this.#commitTurn(this.#input.commit());
  }

  clear(): void {
    this.#input.clear();
    this.#itemId = undefined;
    this.#context.send({ type: "input_audio_buffer.cleared" });
  }

  /** Adds an empty turn because the caller has been silent from `startMs` until now. */
  timeOut(startMs: number): void {
    const item_id = this.#itemId = this.#context.newItemId();
    const endMs = Math.floor(this.positionMs);
    this.#context.send({
      type: "input_audio_buffer.timeout_triggered",
      audio_start_ms: Math.min(Math.floor(startMs), endMs),
      audio_end_ms: endMs,
      item_id,
    });
    const empty = new Uint8Array();
    this.#commitTurn({ format: this.#config.format, audio: empty, speech: empty });
  }

  #commitTurn(turn: TurnAudio): void {
    const { behavior, conversation, send, after, newItemId } = this.#context;
    const id = this.#itemId ?? newItemId();
    this.#itemId = undefined;
    const item: WireItem = {
      id,
      object: "realtime.item",
      type: "message",
      status: "completed",
      role: "user",
      content: [{ type: "input_audio", transcript: null }],
    };
    const audioMs = turn.audio.length / bytesPerMs(turn.format);
    const stored: StoredItem = { id, wire: item, audioMs, turnAudio: turn };
    const previous_item_id = conversation.insert(stored);
    send({ type: "input_audio_buffer.committed", previous_item_id, item_id: id });
    send({ type: "conversation.item.added", previous_item_id, item });
    send({ type: "conversation.item.done", previous_item_id, item });
    // Transcription is asynchronous: it may finish during the response.
    const { transcription } = this.#config;
    if (!transcription) return;
    const { text, delayMs } = behavior.transcribe?.(turn) ??
      { text: transcriptOf(turn), delayMs: TRANSCRIPTION_MS };
    after(delayMs, () => this.#sendTranscript(stored, text, transcription.model));
  }

  #sendTranscript(item: StoredItem, transcript: string, model: string | undefined): void {
    if (item.wire.type === "message" && item.wire.role === "user") {
      item.wire = { ...item.wire, content: [{ type: "input_audio", transcript }] };
    }
    const { send } = this.#context;
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

  #endpointing({ turn_detection: detection }: SessionConfig["audio"]["input"]): Endpointing | null {
    if (detection?.type === "server_vad") {
      return {
        threshold: detection.threshold,
        prefixMs: detection.prefix_padding_ms,
        silenceMs: detection.silence_duration_ms,
      };
    }
    // Semantic VAD is simulated by a pause, because this model does not recognize sentences.
    const silenceMs = this.#context.behavior.semanticSilenceMs ?? SEMANTIC_SILENCE_MS;
    return detection && { threshold: 0.5, prefixMs: 300, silenceMs };
  }
}
