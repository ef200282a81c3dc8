import type { Answer, Heard, ModelObserver, ModelSession, SessionOptions } from "../../src/model/session.ts";

/** An answer as a model gives it. */
export function answer(changes: Partial<Answer> = {}): Answer {
  const none = { input: 0, cached: 0, output: 0 };
  return {
    status: "completed",
    spoke: true,
    usage: { inputTokens: 10, outputTokens: 5, text: none, audio: none },
    ...changes,
  };
}

/** A model session that does nothing by itself, and keeps what it was asked. */
export class StillSession implements ModelSession {
  /** Each speech asked for: what for, and whom to tell how it ended. */
  readonly asked: { instructions: string | undefined; answered: ((answer: Answer) => void) | undefined }[] =
    [];
  readonly heard: Heard[] = [];
  readonly notes: string[] = [];
  buffered = 0;
  listening = true;
  stopped = 0;
  closed = false;

  constructor(
    readonly observer?: ModelObserver,
    readonly options?: SessionOptions,
  ) {}

  appendAudio(): void {}
  requestSpeech(instructions?: string, answered?: (answer: Answer) => void): void {
    this.asked.push({ instructions, answered });
  }
  addNote(text: string): void {
    this.notes.push(text);
  }
  stopListening(): void {
    this.listening = false;
  }
  interrupted(heard: readonly Heard[]): void {
    this.heard.push(...heard);
  }
  stopSpeech(): void {
    this.stopped++;
  }
  close(): void {
    this.closed = true;
  }
}
