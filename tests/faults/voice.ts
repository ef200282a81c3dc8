import { FRAME_MS } from "../../src/audio/line_format.js";
import type { Request } from "./call_script.ts";
import { numberedSpeech } from "./numbered_audio.ts";

/** Something the assistant said, with the numbers of its frames. */
export interface Reply {
  readonly name: string;
  readonly request: Request | "greeting" | "other";
  readonly firstFrame: number;
  readonly endFrame: number;
  /** Whether it ends the assistant's turn: no function call follows. */
  readonly isFinal: boolean;
  /** Utterances of the caller that it answers. */
  readonly answers: readonly number[];
  readonly plannedAt: number;
}

/** All speech of the assistant in one call, over all sessions. */
export class Voice {
  readonly replies: Reply[] = [];
  #nextFrame = 0;

  /** @returns µ-law of `ms`, as a new reply. */
  speak(
    ms: number,
    reply: Omit<Reply, "name" | "firstFrame" | "endFrame" | "plannedAt">,
  ): { audio: Uint8Array; reply: Reply } {
    const firstFrame = this.#nextFrame;
    const endFrame = this.#nextFrame += ms / FRAME_MS;
    const added = {
      ...reply,
      name: `Reply ${this.replies.length}`,
      firstFrame,
      endFrame,
      plannedAt: performance.now(),
    };
    this.replies.push(added);
    return { audio: numberedSpeech(firstFrame, ms), reply: added };
  }

  replyOf(frame: number): Reply | undefined {
    return this.replies.find(({ firstFrame, endFrame }) => frame >= firstFrame && frame < endFrame);
  }
}
