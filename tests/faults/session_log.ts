import type { WireEvent } from "../../src/simulator/model/server_events.ts";
import { isObject } from "../../src/json.ts";
import { FrameNumberReader } from "./numbered_audio.ts";
import type { Reply } from "./voice.ts";

/** What one session of the model received, and when. */
export class SessionLog {
  /** The caller's frames, in the order received. */
  readonly frames: number[] = [];
  /** Texts of the items that the service created, and of its settings. */
  readonly texts: string[] = [];
  /** Results of functions called in this session. */
  readonly outputs: string[] = [];
  /** Functions called, here or in the restored conversation. */
  readonly calls: string[] = [];
  /** Utterances in the caller's turns, by item. */
  readonly turns = new Map<string, readonly number[]>();
  readonly plannedReplies: Reply[] = [];
  /** Errors sent to the service. */
  readonly errors: string[] = [];
  readonly openedAt = performance.now();
  /** When `session.updated` was first sent. */
  readyAt: number | undefined;
  closedAt: number | undefined;
  readonly #reader = new FrameNumberReader();

  constructor(readonly index: number) {}

  received(event: WireEvent): void {
    if (event.type === "input_audio_buffer.append") {
      this.frames.push(...this.#reader.feed(Uint8Array.fromBase64(String(event.audio))));
    }
    if (event.type === "session.update") this.texts.push(JSON.stringify(event));
    if (event.type !== "conversation.item.create") return;
    this.texts.push(JSON.stringify(event.item));
    if (isObject(event.item) && event.item.type === "function_call") this.calls.push(String(event.item.name));
  }

  sent(event: WireEvent): void {
    if (event.type === "session.updated") this.readyAt ??= performance.now();
    if (event.type === "error") this.errors.push(JSON.stringify(event.error));
  }

  close(): void {
    this.closedAt ??= performance.now();
  }

  /** Whether the service said this to the session. */
  knows(text: string): boolean {
    return this.texts.some((known) => known.includes(text));
  }

  numbersIn(audio: Uint8Array): number[] {
    return new FrameNumberReader().feed(audio);
  }
}
