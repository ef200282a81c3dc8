import type { CallQuery } from "./call_list.ts";
import type { CallRecord, EndedCall } from "./call_record.ts";
import type { StatsQuery } from "./call_stats.ts";
import { messageOf } from "../error_message.ts";
import type { CallStore, StoreStatus } from "./call_store.ts";
import { INTERRUPTED } from "./open_calls.ts";
import type { AudioSlice } from "../recording/audio_aligner.ts";
import { RecordingBatches } from "../recording/recording_batches.ts";
import type { RecordingChunk } from "../recording/recording_file.ts";
import type { Recordings } from "../recording/recordings.ts";

/** The requests that the store's thread answers. */
function operationsOf(store: CallStore, recordings: Recordings) {
  return {
    list: (query: CallQuery) => store.list(query),
    get: (callSid: string) => store.get(callSid),
    stats: (query: StatsQuery) => store.stats(query),
    assistants: () => store.assistants(),
    flush: () => store.flush(),
    unreported: () => Promise.all(store.unreported().map((call) => withRecordedLength(call, recordings))),
    beginPlacement: (key: string, request: string) => store.beginPlacement(key, request),
    async deleteBefore(time: string) {
      const deleted = await store.deleteBefore(time);
      await recordings.delete(deleted);
      return deleted;
    },
    recording: (callSid: string) => recordings.find(callSid),
    levels: (callSid: string) => recordings.levels(callSid),
    read: (callSid: string, from: number, length: number) => recordings.read(callSid, from, length),
    async close() {
      await recordings.close();
      store.close();
    },
  };
}

type Operations = ReturnType<typeof operationsOf>;
type Operation = keyof Operations;
type Arguments<Name extends Operation> = Parameters<Operations[Name]>;
type Result<Name extends Operation> = Awaited<ReturnType<Operations[Name]>>;

/** Messages to the store's thread. A request carries the port for its response. */
type ToStore =
  | { readonly record: EndedCall; readonly reported: boolean }
  | { readonly started: CallRecord }
  | { readonly chunk: RecordingChunk }
  | { readonly ended: string; readonly lostMs: number }
  | { readonly placed: string; readonly answer: string | undefined }
  | { readonly operation: Operation; readonly args: readonly unknown[]; readonly reply: MessagePort };

/** Returns the buffer of a chunk for reuse, and why it was not written; or reports the store's status. */
type FromStore =
  | {
    readonly written: Uint8Array<ArrayBuffer>;
    readonly failure?: { readonly callSid: string; readonly problem: string };
  }
  | { readonly status: StoreStatus };

/** Chunk size (bytes) when a recording is read: the most that is buffered for a slow reader. */
const READ_BYTES = 262_144;

/** Serves the requests that arrive through a port, in the store's thread. */
export function serveCallStore(store: CallStore, recordings: Recordings, port: MessagePort): void {
  const operations: Record<Operation, (...args: never[]) => unknown> = operationsOf(store, recordings);
  port.onmessage = async ({ data }) => {
    const message: ToStore = data;
    if ("record" in message) return store.write(message.record, message.reported);
    if ("started" in message) return store.start(message.started);
    if ("placed" in message) return store.endPlacement(message.placed, message.answer);
    if ("chunk" in message) {
      const { callSid, sides: written } = message.chunk;
      const problem = recordings.write(message.chunk);
      const reply: FromStore = problem === undefined
        ? { written }
        : { written, failure: { callSid, problem } };
      return port.postMessage(reply, [written.buffer]);
    }
    if ("ended" in message) return recordings.end(message.ended, message.lostMs);
    const { operation, args, reply } = message;
    try {
      const result = await operations[operation](...args as never[]);
      const transfer = result instanceof Uint8Array && result.buffer instanceof ArrayBuffer
        ? [result.buffer]
        : [];
      reply.postMessage({ result }, transfer);
    } catch (error) {
      reply.postMessage({ problem: messageOf(error), badRequest: error instanceof RangeError });
    }
    reply.close();
    if (operation === "close") port.close();
  };
}

/** An interrupted call lasted at least as long as its recording. */
async function withRecordedLength(call: EndedCall, recordings: Recordings): Promise<EndedCall> {
  const recording = call.endReason === INTERRUPTED ? await recordings.find(call.callSid) : undefined;
  if (!recording) return call;
  const seconds = recording.ms / 1_000;
  const endedAt = new Date(Date.parse(call.startedAt) + recording.ms).toISOString();
  // Each minute is assumed to cost as much as those before the stream.
  const carrierMinutes = Math.max(Math.ceil(seconds / 60), call.carrierMinutes);
  const carrierUsd = call.costs.carrierUsd * carrierMinutes / Math.max(call.carrierMinutes, 1);
  const costUsd = call.costUsd - call.costs.carrierUsd + carrierUsd;
  return { ...call, seconds, endedAt, carrierMinutes, costUsd, costs: { ...call.costs, carrierUsd } };
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
  /** By CallSid: what is notified when audio cannot be stored. */
  readonly #failureHandlers = new Map<string, (problem: string) => void>();

  /** @param port The other end of the channel given to {@linkcode serveCallStore}. */
  constructor(port: MessagePort) {
    this.#port = port;
    this.#batches = new RecordingBatches((chunk) => this.#post({ chunk }, [chunk.sides.buffer]));
    port.onmessage = ({ data }) => {
      const message: FromStore = data;
      if ("status" in message) this.#status = message.status;
      else {
        this.#batches.chunkWritten(message.written);
        if (message.failure) this.#recordingFailed(message.failure);
      }
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

  /** See {@linkcode CallStore.start}. Does not wait for the disk, and never throws. */
  start(record: CallRecord): void {
    this.#post({ started: record });
  }

  /** Resolves when the records written so far are on disk, or could not be written. */
  flush() {
    return this.#request("flush");
  }

  /** The calls that an earlier process did not report, or did not end: those ended as "interrupted". */
  unreported() {
    return this.#request("unreported");
  }

  /** See {@linkcode CallStore.beginPlacement}. */
  beginPlacement(key: string, request: string) {
    return this.#request("beginPlacement", key, request);
  }

  /** See {@linkcode CallStore.endPlacement}. */
  endPlacement(key: string, answer: string | undefined): void {
    this.#post({ placed: key, answer });
  }

  /** Records both sides of a call, in order. Copies the audio, does not wait for the disk, and never throws. */
  record(callSid: string, stretch: AudioSlice): void {
    if (!this.#closed) this.#batches.add(callSid, stretch);
  }

  /** Calls `handler` once if audio of this call cannot be stored. */
  watchRecording(callSid: string, handler: (problem: string) => void): void {
    this.#failureHandlers.set(callSid, handler);
  }

  /** Ends the recording of a call. */
  endRecording(callSid: string): void {
    this.#failureHandlers.delete(callSid);
    if (!this.#closed) this.#post({ ended: callSid, lostMs: this.#batches.end(callSid) });
  }

  /** The recording of a call, finished or not; undefined when there is none. */
  recording(callSid: string) {
    return this.#request("recording", callSid);
  }

  /** `length` bytes of the file from byte `from`. The stream fails when the file is deleted meanwhile. */
  readRecording(callSid: string, from: number, length: number): ReadableStream<Uint8Array> {
    let at = from;
    let left = length;
    return new ReadableStream({
      pull: async (controller) => {
        const bytes = left > 0
          ? await this.#request("read", callSid, at, Math.min(left, READ_BYTES))
          : new Uint8Array();
        at += bytes.length;
        left -= bytes.length;
        if (bytes.length > 0) controller.enqueue(bytes);
        if (bytes.length === 0 || left === 0) controller.close();
      },
    }, { highWaterMark: 1 });
  }

  /** Peak levels of both sides; undefined when there is no recording. */
  levels(callSid: string) {
    return this.#request("levels", callSid);
  }

  list(query: CallQuery = {}) {
    return this.#request("list", query);
  }

  get(callSid: string) {
    return this.#request("get", callSid);
  }

  stats(query: StatsQuery = {}) {
    return this.#request("stats", query);
  }

  assistants() {
    return this.#request("assistants");
  }

  deleteBefore(time: string) {
    return this.#request("deleteBefore", time);
  }

  /** Resolves once everything is written and the database is closed. */
  close(): Promise<void> {
    if (!this.#closed) this.#batches.endAll();
    return this.#closed ??= this.#request("close").finally(() => this.#port.close());
  }

  #recordingFailed({ callSid, problem }: { readonly callSid: string; readonly problem: string }): void {
    const handler = this.#failureHandlers.get(callSid);
    this.#failureHandlers.delete(callSid);
    handler?.(problem);
  }

  #post(message: ToStore, transfer: Transferable[] = []): void {
    if (!this.#closed) this.#port.postMessage(message, transfer);
  }

  #request<Name extends Operation>(operation: Name, ...args: Arguments<Name>): Promise<Result<Name>> {
    if (this.#closed) return Promise.reject(new Error("The call store is closed"));
    const { port1, port2: reply } = new MessageChannel();
    const { promise, resolve, reject } = Promise.withResolvers<Result<Name>>();
    port1.onmessage = ({ data: { result, problem, badRequest } }) => {
      port1.close();
      if (problem === undefined) resolve(result);
      else reject(badRequest ? new RangeError(problem) : new Error(problem));
    };
    this.#port.postMessage({ operation, args, reply } satisfies ToStore, [reply]);
    return promise;
  }
}
