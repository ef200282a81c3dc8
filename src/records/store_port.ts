import type { CallPage, CallQuery } from "./call_list.ts";
import type { CallRecord } from "./call_record.ts";
import type { DayStats, StatsQuery } from "./call_stats.ts";
import type { CallStore } from "./call_store.ts";
import type { Traces } from "./forget.ts";

/** What can be asked of a store, each with one argument. */
type Question =
  | { readonly what: "list"; readonly about: CallQuery }
  | { readonly what: "stats"; readonly about: StatsQuery }
  | { readonly what: "get" | "forget" | "deleteBefore"; readonly about: string }
  | { readonly what: "close" };

/** What goes to the store's thread. A question brings the port for its answer. */
type ToStore = { readonly record: CallRecord } | (Question & { readonly reply: MessagePort });

/** Answers, in the store's own thread, what comes through a port. */
export function serveStore(store: CallStore, port: MessagePort): void {
  port.onmessage = async ({ data }) => {
    const message: ToStore = data;
    if ("record" in message) return store.write(message.record);
    try {
      message.reply.postMessage({ answer: await answer(store, message) });
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      message.reply.postMessage({ problem, wrongQuestion: error instanceof RangeError });
    }
    if (message.what === "close") port.close();
  };
}

function answer(store: CallStore, question: Question): unknown {
  switch (question.what) {
    case "list":
      return store.list(question.about);
    case "stats":
      return store.stats(question.about);
    case "get":
      return store.get(question.about);
    case "forget":
      return store.forget(question.about);
    case "deleteBefore":
      return store.deleteBefore(question.about);
    case "close":
      return store.close();
  }
}

/**
 * A {@linkcode CallStore} in another thread, so that no disk and no long list holds up a call. What the store throws,
 * promises reject with.
 */
export class RemoteCallStore {
  readonly #port: MessagePort;
  #closed: Promise<void> | undefined;

  /** @param port The other end of one that {@linkcode serveStore} has. */
  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Returns at once, and never throws. */
  write(record: CallRecord): void {
    const message: ToStore = { record };
    if (!this.#closed) this.#port.postMessage(message);
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
    return this.#closed ??= this.#ask<void>({ what: "close" }).finally(() => this.#port.close());
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
