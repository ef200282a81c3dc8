import type { CallPage, CallQuery } from "./call_list.ts";
import type { CallRecord } from "./call_record.ts";
import type { DayStats, StatsQuery } from "./call_stats.ts";
import type { CallStore } from "./call_store.ts";
import type { Traces } from "./forget.ts";
import type { Stretch } from "../recording/heard_audio.ts";
import type { Levels } from "../recording/levels.ts";
import { RecordingBatches } from "../recording/recording_batches.ts";
import type { RecordedPiece, RecordingFacts } from "../recording/recording_file.ts";
import type { Recordings } from "../recording/recordings.ts";

/** What can be asked of a store, each with one argument. */
type Question =
  | { readonly what: "list"; readonly about: CallQuery }
  | { readonly what: "stats"; readonly about: StatsQuery }
  | {
    readonly what: "get" | "forget" | "deleteBefore" | "recording" | "levels";
    readonly about: string;
  }
  | { readonly what: "read"; readonly about: { callSid: string; from: number; length: number } }
  | { readonly what: "close" };

/** What goes to the store's thread. A question brings the port for its answer. */
type ToStore =
  | { readonly record: CallRecord }
  | { readonly piece: RecordedPiece }
  | { readonly ended: string; readonly lostMs: number }
  | (Question & { readonly reply: MessagePort });

/** What comes back by itself: the bytes of a piece that was written, to be used again. */
type FromStore = { readonly written: Uint8Array<ArrayBuffer> };

/** Read of a recording at a time (bytes): what waits for a slow reader. */
const READ_BYTES = 262_144;

/** Answers, in the store's own thread, what comes through a port. */
export function serveStore(store: CallStore, recordings: Recordings, port: MessagePort): void {
  port.onmessage = async ({ data }) => {
    const message: ToStore = data;
    if ("record" in message) return store.write(message.record);
    if ("piece" in message) {
      recordings.write(message.piece);
      const back: FromStore = { written: message.piece.sides };
      return port.postMessage(back, [back.written.buffer]);
    }
    if ("ended" in message) return recordings.end(message.ended, message.lostMs);
    try {
      const given = await answer(store, recordings, message);
      const transfer = given instanceof Uint8Array && given.buffer instanceof ArrayBuffer
        ? [given.buffer]
        : [];
      message.reply.postMessage({ answer: given }, transfer);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      message.reply.postMessage({ problem, wrongQuestion: error instanceof RangeError });
    }
    message.reply.close();
    if (message.what === "close") port.close();
  };
}

async function answer(store: CallStore, recordings: Recordings, question: Question): Promise<unknown> {
  switch (question.what) {
    case "list":
      return store.list(question.about);
    case "stats":
      return store.stats(question.about);
    case "get":
      return store.get(question.about);
    case "forget": {
      // Recordings are found only while the calls are there; a call may end meanwhile.
      await recordings.delete(store.traces(question.about).calls);
      const forgotten = store.forget(question.about);
      await recordings.delete(forgotten.calls);
      return forgotten;
    }
    case "deleteBefore": {
      const deleted = await store.deleteBefore(question.about);
      await recordings.delete(deleted);
      return deleted;
    }
    case "recording":
      return await recordings.find(question.about);
    case "levels":
      return await recordings.levels(question.about);
    case "read": {
      const { callSid, from, length } = question.about;
      return await recordings.read(callSid, from, length);
    }
    case "close":
      await recordings.close();
      return store.close();
  }
}

/**
 * A {@linkcode CallStore} and {@linkcode Recordings} in another thread, so that no disk and no long list holds up a call.
 * What they throw, promises reject with.
 */
export class RemoteCallStore {
  readonly #port: MessagePort;
  readonly #batches: RecordingBatches;
  #closed: Promise<void> | undefined;

  /** @param port The other end of one that {@linkcode serveStore} has. */
  constructor(port: MessagePort) {
    this.#port = port;
    this.#batches = new RecordingBatches((piece) => this.#tell({ piece }, [piece.sides.buffer]));
    port.onmessage = ({ data }) => {
      const { written }: FromStore = data;
      this.#batches.written(written);
    };
  }

  /** Returns at once, and never throws. */
  write(record: CallRecord): void {
    this.#tell({ record });
  }

  /** Keeps what was heard of a call, in the order it was heard. Returns at once, and never throws; copies what it is given. */
  record(callSid: string, stretch: Stretch): void {
    if (!this.#closed) this.#batches.add(callSid, stretch);
  }

  /** Nothing more is heard of a call. */
  endRecording(callSid: string): void {
    if (!this.#closed) this.#tell({ ended: callSid, lostMs: this.#batches.end(callSid) });
  }

  /** The recording of a call, be it still written; undefined when there is none. */
  recording(callSid: string): Promise<RecordingFacts | undefined> {
    return this.#ask({ what: "recording", about: callSid });
  }

  /** So many bytes of its file from a place on. A file that is deleted meanwhile breaks the stream off. */
  readRecording(callSid: string, from: number, length: number): ReadableStream<Uint8Array> {
    let at = from;
    let left = length;
    return new ReadableStream({
      pull: async (controller) => {
        const about = { callSid, from: at, length: Math.min(left, READ_BYTES) };
        const bytes: Uint8Array = left > 0 ? await this.#ask({ what: "read", about }) : new Uint8Array();
        at += bytes.length;
        left -= bytes.length;
        if (bytes.length > 0) controller.enqueue(bytes);
        if (bytes.length === 0 || left === 0) controller.close();
      },
    }, { highWaterMark: 1 });
  }

  /** How loud both sides of a recording are; undefined when there is none. */
  levels(callSid: string): Promise<Levels | undefined> {
    return this.#ask({ what: "levels", about: callSid });
  }

  list(about: CallQuery = {}): Promise<CallPage> {
    return this.#ask({ what: "list", about });
  }

  get(about: string): Promise<CallRecord | undefined> {
    return this.#ask({ what: "get", about });
  }

  stats(about: StatsQuery = {}): Promise<DayStats[]> {
    return this.#ask({ what: "stats", about });
  }

  forget(about: string): Promise<Traces> {
    return this.#ask({ what: "forget", about });
  }

  deleteBefore(about: string): Promise<string[]> {
    return this.#ask({ what: "deleteBefore", about });
  }

  /** Resolves when all is written and the file is closed. */
  close(): Promise<void> {
    if (!this.#closed) this.#batches.endAll();
    return this.#closed ??= this.#ask<void>({ what: "close" }).finally(() => this.#port.close());
  }

  #tell(message: ToStore, transfer: Transferable[] = []): void {
    if (!this.#closed) this.#port.postMessage(message, transfer);
  }

  #ask<Answer>(question: Question): Promise<Answer> {
    if (this.#closed) return Promise.reject(new Error("The records of calls are closed"));
    const { port1, port2: reply } = new MessageChannel();
    const answered = new Promise<Answer>((resolve, reject) => {
      port1.onmessage = ({ data: { answer, problem, wrongQuestion } }) => {
        port1.close();
        if (problem === undefined) resolve(answer);
        else reject(wrongQuestion ? new RangeError(problem) : new Error(problem));
      };
    });
    const message: ToStore = { ...question, reply };
    this.#port.postMessage(message, [reply]);
    return answered;
  }
}
