import type { CallPage, CallQuery } from "./call_list.ts";
import type { CallRecord, EndedCall } from "./call_record.ts";
import type { DayStats, StatsQuery } from "./call_stats.ts";
import { messageOf } from "../error_message.ts";
import type { CallStore, StoreStatus } from "./call_store.ts";
import type { NumberMatches } from "./deletion.ts";
import { INTERRUPTED } from "./open_calls.ts";
import type { AudioSlice } from "../recording/audio_aligner.ts";
import type { Levels } from "../recording/levels.ts";
import { RecordingBatches } from "../recording/recording_batches.ts";
import type { RecordingChunk, RecordingInfo } from "../recording/recording_file.ts";
import type { Recordings } from "../recording/recordings.ts";

/** A request to the store, with its one argument. */
type StoreRequest =
  | { readonly operation: "list"; readonly argument: CallQuery }
  | { readonly operation: "stats"; readonly argument: StatsQuery }
  | {
    readonly operation: "get" | "forget" | "deleteBefore" | "recording" | "levels";
    readonly argument: string;
  }
  | { readonly operation: "read"; readonly argument: { callSid: string; from: number; length: number } }
  | { readonly operation: "assistants" | "close" | "flush" | "unreported" };

/** Messages to the store's thread. A request carries the port for its response. */
type ToStore =
  | { readonly record: EndedCall; readonly reported: boolean }
  | { readonly started: CallRecord }
  | { readonly chunk: RecordingChunk }
  | { readonly ended: string; readonly lostMs: number }
  | (StoreRequest & { readonly reply: MessagePort });

/** Returns the buffer of a written chunk for reuse, or reports the store's status. */
type FromStore = { readonly written: Uint8Array<ArrayBuffer> } | { readonly status: StoreStatus };

/** Chunk size (bytes) when a recording is read: the most that is buffered for a slow reader. */
const READ_BYTES = 262_144;

/** Serves the requests that arrive through a port, in the store's thread. */
export function serveCallStore(store: CallStore, recordings: Recordings, port: MessagePort): void {
  port.onmessage = async ({ data }) => {
    const message: ToStore = data;
    if ("record" in message) return store.write(message.record, message.reported);
    if ("started" in message) return store.start(message.started);
    if ("chunk" in message) {
      recordings.write(message.chunk);
      const { sides: written } = message.chunk;
      return port.postMessage({ written } satisfies FromStore, [written.buffer]);
    }
    if ("ended" in message) return recordings.end(message.ended, message.lostMs);
    try {
      const result = await handle(store, recordings, message);
      const transfer = result instanceof Uint8Array && result.buffer instanceof ArrayBuffer
        ? [result.buffer]
        : [];
      message.reply.postMessage({ result }, transfer);
    } catch (error) {
      message.reply.postMessage({ problem: messageOf(error), badRequest: error instanceof RangeError });
    }
    message.reply.close();
    if (message.operation === "close") port.close();
  };
}

async function handle(store: CallStore, recordings: Recordings, request: StoreRequest): Promise<unknown> {
  switch (request.operation) {
    case "list":
      return store.list(request.argument);
    case "stats":
      return store.stats(request.argument);
    case "assistants":
      return store.assistants();
    case "get":
      return store.get(request.argument);
    case "forget": {
      // Recordings first: they are found through the calls. Twice, because a call may end meanwhile.
      await recordings.delete(store.findNumber(request.argument).calls);
      const forgotten = store.forget(request.argument);
      await recordings.delete(forgotten.calls);
      return forgotten;
    }
    case "deleteBefore": {
      const deleted = await store.deleteBefore(request.argument);
      await recordings.delete(deleted);
      return deleted;
    }
    case "recording":
      return await recordings.find(request.argument);
    case "levels":
      return await recordings.levels(request.argument);
    case "read": {
      const { callSid, from, length } = request.argument;
      return await recordings.read(callSid, from, length);
    }
    case "flush":
      return store.flush();
    case "unreported":
      return await Promise.all(store.unreported().map((call) => withRecordedLength(call, recordings)));
    case "close":
      await recordings.close();
      return store.close();
  }
}

/** An interrupted call lasted at least as long as its recording. */
async function withRecordedLength(call: EndedCall, recordings: Recordings): Promise<EndedCall> {
  const recording = call.endReason === INTERRUPTED ? await recordings.find(call.callSid) : undefined;
  if (!recording) return call;
  const seconds = recording.ms / 1_000;
  const endedAt = new Date(Date.parse(call.startedAt) + recording.ms).toISOString();
  return { ...call, seconds, endedAt, carrierMinutes: Math.ceil(seconds / 60) };
}

/**
 * A {@linkcode CallStore} and {@linkcode Recordings} in another thread, so that the disk and long queries never delay a
 * call. Promises reject with the errors of the other thread.
 */
export class RemoteCallStore {
  readonly #port: MessagePort;
  readonly #batches: RecordingBatches;
  #closed: Promise<void> | undefined;
  #status: StoreStatus = { waiting: 0, failures: 0, lost: 0 };

  /** @param port The other end of the channel given to {@linkcode serveCallStore}. */
  constructor(port: MessagePort) {
    this.#port = port;
    this.#batches = new RecordingBatches((chunk) => this.#post({ chunk }, [chunk.sides.buffer]));
    port.onmessage = ({ data }) => {
      const message: FromStore = data;
      if ("status" in message) this.#status = message.status;
      else this.#batches.chunkWritten(message.written);
    };
  }

  /** The store's condition, for the metrics. */
  get status(): StoreStatus {
    return this.#status;
  }

  /** See {@linkcode CallStore.write}. Does not wait for the disk, and never throws. */
  write(record: EndedCall, reported = true): void {
    this.#post({ record, reported });
  }

  /** Resolves when the records written so far are on disk, or could not be written. */
  flush(): Promise<void> {
    return this.#request({ operation: "flush" });
  }

  /** See {@linkcode CallStore.start}. Does not wait for the disk, and never throws. */
  start(record: CallRecord): void {
    this.#post({ started: record });
  }

  /** The calls that an earlier process did not report, or did not end: those ended as "interrupted". */
  unreported(): Promise<EndedCall[]> {
    return this.#request({ operation: "unreported" });
  }

  /** Records both sides of a call, in order. Copies the audio, does not wait for the disk, and never throws. */
  record(callSid: string, stretch: AudioSlice): void {
    if (!this.#closed) this.#batches.add(callSid, stretch);
  }

  /** Ends the recording of a call. */
  endRecording(callSid: string): void {
    if (!this.#closed) this.#post({ ended: callSid, lostMs: this.#batches.end(callSid) });
  }

  /** The recording of a call, finished or not; undefined when there is none. */
  recording(callSid: string): Promise<RecordingInfo | undefined> {
    return this.#request({ operation: "recording", argument: callSid });
  }

  /** `length` bytes of the file from byte `from`. The stream fails when the file is deleted meanwhile. */
  readRecording(callSid: string, from: number, length: number): ReadableStream<Uint8Array> {
    let at = from;
    let left = length;
    return new ReadableStream({
      pull: async (controller) => {
        const argument = { callSid, from: at, length: Math.min(left, READ_BYTES) };
        const bytes: Uint8Array = left > 0
          ? await this.#request({ operation: "read", argument })
          : new Uint8Array();
        at += bytes.length;
        left -= bytes.length;
        if (bytes.length > 0) controller.enqueue(bytes);
        if (bytes.length === 0 || left === 0) controller.close();
      },
    }, { highWaterMark: 1 });
  }

  /** Peak levels of both sides; undefined when there is no recording. */
  levels(callSid: string): Promise<Levels | undefined> {
    return this.#request({ operation: "levels", argument: callSid });
  }

  list(query: CallQuery = {}): Promise<CallPage> {
    return this.#request({ operation: "list", argument: query });
  }

  get(callSid: string): Promise<EndedCall | undefined> {
    return this.#request({ operation: "get", argument: callSid });
  }

  stats(query: StatsQuery = {}): Promise<DayStats[]> {
    return this.#request({ operation: "stats", argument: query });
  }

  assistants(): Promise<string[]> {
    return this.#request({ operation: "assistants" });
  }

  forget(number: string): Promise<NumberMatches> {
    return this.#request({ operation: "forget", argument: number });
  }

  deleteBefore(time: string): Promise<string[]> {
    return this.#request({ operation: "deleteBefore", argument: time });
  }

  /** Resolves once everything is written and the database is closed. */
  close(): Promise<void> {
    if (!this.#closed) this.#batches.endAll();
    return this.#closed ??= this.#request<void>({ operation: "close" }).finally(() => this.#port.close());
  }

  #post(message: ToStore, transfer: Transferable[] = []): void {
    if (!this.#closed) this.#port.postMessage(message, transfer);
  }

  #request<Result>(request: StoreRequest): Promise<Result> {
    if (this.#closed) return Promise.reject(new Error("The call store is closed"));
    const { port1, port2: reply } = new MessageChannel();
    const response = new Promise<Result>((resolve, reject) => {
      port1.onmessage = ({ data: { result, problem, badRequest } }) => {
        port1.close();
        if (problem === undefined) resolve(result);
        else reject(badRequest ? new RangeError(problem) : new Error(problem));
      };
    });
    const message: ToStore = { ...request, reply };
    this.#port.postMessage(message, [reply]);
    return response;
  }
}
