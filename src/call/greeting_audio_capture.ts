import type { SpokenAudio } from "../assistants/call_assistant.ts";
import { BYTES_PER_MS } from "../audio/line_format.js";
import { joinBytes } from "../join_bytes.ts";
import type { ModelObserver } from "../model/model_interface.ts";
import type { SessionOptions } from "../model/session_options.ts";
import type { CallParts } from "./call_parts.ts";

/** A longer greeting is not kept (ms). */
const MAX_MS = 30_000;

export interface GreetingCaptureOptions extends Pick<CallParts, "conversation" | "events" | "timeline"> {
  /** Settings of the assistant's own model, in the language in which the call begins. */
  readonly settings: Pick<SessionOptions, "url" | "model" | "voice">;
  /** Receives the greeting, at most once. */
  readonly keep: (greeting: SpokenAudio) => void;
}

/**
 * Keeps the greeting that the model speaks, for other calls: only if the caller heard it to its end, and if nothing that is
 * particular to this call can be in it.
 */
export class GreetingCapture {
  readonly #options: GreetingCaptureOptions;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #state: "before session" | "listening" | "complete" | "over" = "before session";
  #itemId: string | undefined;
  #text: string | undefined;

  constructor(options: GreetingCaptureOptions) {
    this.#options = options;
    options.events.on("assistant audio played", () => this.#played());
    options.events.on("mcp call started", () => this.#stop());
    options.events.on("caller started speaking", () => {
      if (this.#state !== "complete") this.#stop();
    });
  }

  /** Listens to the first session. */
  observe(session: Pick<SessionOptions, "url" | "model" | "voice">, observer: ModelObserver): ModelObserver {
    const { url, model, voice } = this.#options.settings;
    const isOwn = session.url === url && session.model === model && session.voice === voice;
    if (this.#state !== "before session" || !isOwn) {
      this.#stop();
      return observer;
    }
    this.#state = "listening";
    return {
      ...observer,
      assistantAudio: (itemId, audio) => {
        this.#add(itemId, audio);
        observer.assistantAudio(itemId, audio);
      },
      assistantTranscript: (itemId, text) => {
        if (itemId === this.#itemId) this.#text = text.trim();
        observer.assistantTranscript(itemId, text);
      },
      responseDone: (outcome) => {
        if (this.#state === "listening") {
          if (outcome.status === "completed" && outcome.hasAudio) this.#state = "complete";
          else this.#stop();
        }
        observer.responseDone(outcome);
      },
    };
  }

  #add(itemId: string, audio: Uint8Array): void {
    if (this.#state !== "listening") return;
    this.#itemId ??= itemId;
    this.#chunks.push(audio);
    this.#bytes += audio.length;
    if (itemId !== this.#itemId || this.#bytes > MAX_MS * BYTES_PER_MS) this.#stop();
  }

  #played(): void {
    if (this.#state !== "complete") return;
    const { conversation: { transcript, speech }, keep, timeline } = this.#options;
    const itemId = this.#itemId;
    // Keys, whispers, words of the caller and results of tools would be in the history.
    const isFirst = transcript.history.flat().every(({ type }) => type === "assistant");
    // Less of it is left if it was interrupted.
    const heard = itemId !== undefined &&
      speech.playout.acceptedMs(itemId) === Math.floor(this.#bytes / BYTES_PER_MS);
    const text = this.#text;
    if (isFirst && heard && text && timeline.pauses.length === 0) {
      keep({ text, audio: joinBytes(this.#chunks) });
    }
    this.#stop();
  }

  #stop(): void {
    this.#state = "over";
    this.#chunks.length = 0;
  }
}
