import type { ModelObserver } from "../../src/model/model_interface.ts";
import { BYTES_PER_MS } from "../../src/audio/line_format.js";
import { response, type StillSession } from "../support/still_session.ts";

/** Items of a call that its audio can tell apart. */
export const MAX_ITEMS = 250;

/** Items and functions of a call, numbered over all its sessions. */
export interface CallIds {
  items: number;
  functions: number;
}

/** The model's server for one session: does at random what the protocol allows, and never what it forbids. */
export class RandomServer {
  /** The session was lost; its observer must not be called any more. */
  lost = false;
  ready = false;
  /** Audio sent for each item (ms). */
  readonly sentMs = new Map<string, number>();
  readonly #session: StillSession;
  readonly #ids: CallIds;
  /** Whether Parley answers and interrupts, as in mode `pause`. */
  readonly #isPassive: boolean;
  #speaking: string | undefined;
  #response:
    | { readonly itemId: string; readonly onDone: StillSession["requests"][number]["onDone"] }
    | undefined;
  #requestsTaken = 0;
  #turnsToAnswer = 0;
  /** Turns whose text was not sent. */
  readonly #untranscribed: string[] = [];
  #cancellations = 0;

  constructor(session: StillSession, ids: CallIds, isPassive: boolean) {
    this.#session = session;
    this.#ids = ids;
    this.#isPassive = isPassive;
  }

  get isOpen(): boolean {
    return !this.lost && !this.#session.closed;
  }

  /** What may happen now, by name. */
  get events(): Map<string, () => void> {
    const observer = this.#session.observer;
    if (!observer || !this.isOpen) return new Map();
    if (!this.ready) {
      return new Map(
        Object.entries({
          "session ready": () => this.#becomeReady(observer),
          "session lost": () => this.lose(),
        }),
      );
    }
    const events: Record<string, () => void> = { "session lost": () => this.lose() };
    if (this.#speaking === undefined) events["speech started"] = () => this.#startSpeech(observer);
    else events["speech stopped"] = () => this.#stopSpeech(observer);
    if (this.#untranscribed.length > 0) events["transcript"] = () => this.#transcribe(observer);
    if (!this.#response && this.#canRespond) events["response created"] = () => this.#respond();
    if (this.#response) {
      events["audio"] = () => this.#sendAudio(observer);
      events["function called"] = () => this.#callFunction(observer);
      events["response done"] = () => this.#finish(observer, "completed");
    }
    return new Map(Object.entries(events));
  }

  /** Ends a response that Parley has cancelled. */
  obeyCancellation(): void {
    const isNew = this.#session.cancellations > this.#cancellations;
    this.#cancellations = this.#session.cancellations;
    const { observer } = this.#session;
    if (isNew && this.#isPassive && this.#response && this.isOpen && observer) {
      this.#finish(observer, "cancelled");
    }
  }

  lose(): void {
    this.lost = true;
    this.#session.observer?.sessionFailed({ code: "closed", message: "gone" });
  }

  get #canRespond(): boolean {
    return this.#speaking === undefined &&
      (this.#turnsToAnswer > 0 || this.#session.requests.length > this.#requestsTaken);
  }

  #becomeReady(observer: ModelObserver): void {
    this.ready = true;
    observer.sessionReady();
  }

  /** The server cancels its response when the caller speaks, unless that is left to Parley. */
  #startSpeech(observer: ModelObserver): void {
    this.#speaking = this.#newItem();
    if (this.#response && !this.#isPassive) this.#finish(observer, "cancelled");
    observer.callerSpeechStarted({ itemId: this.#speaking, audioMs: this.#session.frames.length * 20 });
  }

  #stopSpeech(observer: ModelObserver): void {
    const itemId = this.#speaking ?? "";
    this.#speaking = undefined;
    if (!this.#isPassive) this.#turnsToAnswer++;
    observer.callerSpeechStopped({ itemId, audioMs: this.#session.frames.length * 20 });
    observer.turnCommitted(itemId);
    observer.itemAdded(itemId, undefined, "caller");
    this.#untranscribed.push(itemId);
    if (!this.#isPassive) this.#transcribe(observer);
  }

  #transcribe(observer: ModelObserver): void {
    const itemId = this.#untranscribed.shift() ?? "";
    const text = this.#isPassive ? ["", "mhm", `turn ${itemId}`][Number(itemId) % 3] : `turn ${itemId}`;
    observer.callerTranscript(itemId, text ?? "");
  }

  #respond(): void {
    const request = this.#session.requests[this.#requestsTaken];
    if (request) this.#requestsTaken++;
    else this.#turnsToAnswer--;
    this.#response = { itemId: this.#newItem(), onDone: request?.onDone };
  }

  #sendAudio(observer: ModelObserver): void {
    const itemId = this.#response?.itemId ?? "";
    const ms = [20, 130, 200, 400][this.#ids.items % 4] ?? 20;
    this.sentMs.set(itemId, (this.sentMs.get(itemId) ?? 0) + ms);
    observer.assistantAudio(itemId, new Uint8Array(ms * BYTES_PER_MS).fill(Number(itemId)));
  }

  #callFunction(observer: ModelObserver): void {
    const id = ++this.#ids.functions;
    observer.functionCalled({ callId: `call_${id}`, name: "book", arguments: JSON.stringify({ id }) });
    this.#finish(observer, "completed");
  }

  #finish(observer: ModelObserver, status: "completed" | "cancelled"): void {
    const { itemId = "", onDone } = this.#response ?? {};
    this.#response = undefined;
    const hasAudio = this.sentMs.has(itemId);
    if (hasAudio) observer.assistantTranscript(itemId, `reply ${itemId}`);
    const outcome = response({ status, hasAudio });
    observer.responseDone(outcome);
    onDone?.(outcome);
  }

  /** An ID that is also the value of each byte of the item's audio. */
  #newItem(): string {
    return String(++this.#ids.items);
  }
}
