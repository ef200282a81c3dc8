import type {
  Answer,
  Heard,
  ModelObserver,
  ModelSession,
  SessionOptions,
  SpeechRequest,
  WrittenText,
} from "../../src/model/session.ts";

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
  readonly asked: Required<{ [Key in keyof SpeechRequest]: SpeechRequest[Key] }>[] = [];
  /** What functions came to. */
  readonly outputs: { callId: string; output: string }[] = [];
  readonly approvals: { id: string; approved: boolean }[] = [];
  readonly heard: Heard[] = [];
  readonly notes: string[] = [];
  /** Frames of the caller's: base64. */
  readonly appended: string[] = [];
  buffered = 0;
  busy = false;
  listening = true;
  stopped = 0;
  closed = false;

  constructor(
    readonly observer?: ModelObserver,
    readonly options?: SessionOptions,
  ) {}

  appendAudio(payload: string): void {
    this.appended.push(payload);
  }
  requestSpeech({ instructions, answered, lapses = false }: SpeechRequest = {}): void {
    this.asked.push({ instructions, answered, lapses });
  }
  answerFunction(callId: string, output: string): void {
    this.outputs.push({ callId, output });
  }
  answerApproval(id: string, approved: boolean): void {
    this.approvals.push({ id, approved });
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
  closeWithText(_instructions: string, done: (written: WrittenText | undefined) => void): void {
    this.closed = true;
    done({ text: "They talked.", usage: answer().usage });
  }
  close(): void {
    this.closed = true;
  }
}
