/**
 * A WebSocket client (RFC 6455) for text messages, made for many small frames that must leave at once.
 *
 * Deno's own client keeps Nagle's algorithm on and has no option for it, so that a frame waits until the one before is
 * acknowledged: a round trip on a real line. The measurement is in docs/design/model-socket.md.
 */

import { encodeBase64 } from "@std/encoding/base64";
import { type Clock, systemClock } from "../../clock.ts";
import { DialError, readAnswer, readTarget, Refusal, remedy, upgradeRequest } from "./upgrade.ts";
import { FrameError, isCloseCode } from "./frame.ts";
import { FrameReader, type FrameSink } from "./frame_reader.ts";
import { FrameWriter } from "./frame_writer.ts";

export { DialError };

const CLOSE_WAIT_MS = 2000;
/** How often the socket looks whether anything came (ms): after two looks in vain it pings, after three it is dead. */
const KEEPALIVE_MS = 10_000;
/** With this many bytes unsent a ping goes unanswered, or a server that never reads could fill the memory with pongs. */
const NO_PONG_BYTES = 64 * 1024;

/** Told what happens on a socket, and never before the code that awaited `dial` had its turn. */
export interface SocketHandlers {
  /** One whole text message. If this throws, the socket is closed with 1011. */
  onMessage(text: string): void;
  /**
   * Called once, and last, with the server's close code and reason: 1005 when its close frame had none, 1006 when there
   * was no close frame, or our own code when we closed over what it sent (1002, 1003, 1007, 1009, 1011).
   */
  onClose(code: number, reason: string): void;
}

export interface DialOptions {
  handlers: SocketHandlers;
  /** Further request headers, credentials for example. */
  headers?: Record<string, string>;
  /** Milliseconds for name, TCP, TLS and upgrade together; 10 000 unless given. */
  timeoutMs?: number;
  /** Bytes of UTF-8 a message may have; 4 MiB unless given. */
  maxMessageBytes?: number;
  /** Calls the dialling off; an open socket no longer looks at it. */
  signal?: AbortSignal;
  /** PEM certificates to trust beside the usual ones. */
  caCerts?: string[];
  clock?: Clock;
}

/** An open WebSocket without Nagle's algorithm; `dial` makes it. */
export class ModelSocket {
  readonly #conn: Deno.Conn;
  readonly #handlers: SocketHandlers;
  readonly #clock: Clock;
  readonly #reader: FrameReader;
  readonly #unsent = new FrameWriter((bytes) => crypto.getRandomValues(bytes));
  #state: "open" | "closing" | "closed" = "open";
  #ending: [code: number, reason: string] = [1006, "the connection ended without a close frame"];
  #writing = false;
  #written = Promise.resolve();
  #inFlight = 0;
  #dropped = 0;
  #stopReading = () => {};
  #stopWaiting = () => {};
  #stopKeepalive = () => {};
  #quietLooks = 0;

  /** `first` are the bytes that came behind the server's answer. */
  constructor(
    conn: Deno.Conn,
    first: Uint8Array,
    clock: Clock,
    handlers: SocketHandlers,
    maxMessageBytes: number,
  ) {
    this.#conn = conn;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#reader = new FrameReader(this.#sink(), maxMessageBytes);
    // A task of its own: whoever awaits `dial` holds the socket before a message that came with the answer is told.
    const begin = setTimeout(() => this.#read(first), 0);
    this.#stopReading = () => clearTimeout(begin);
    this.#keepAlive();
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Bytes, frame headers included, that the kernel has not taken yet. */
  get bufferedAmount(): number {
    return this.#unsent.length + this.#inFlight;
  }

  /** Messages that came too late to be sent. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Sends one message; false, and nothing sent, when the socket is closing or closed. */
  send(text: string): boolean {
    if (this.#state !== "open") {
      this.#dropped++;
      return false;
    }
    this.#unsent.text(text);
    this.#flush();
    return true;
  }

  /**
   * Says goodbye behind what was sent before, waits at most 2 s for the server's, and hangs up.
   * @throws {RangeError} when `code` is none that a close frame may carry.
   */
  close(code = 1000, reason = ""): void {
    if (!isCloseCode(code)) {
      throw new RangeError(`Cannot close the socket with code "${code}": use 1000 or 3000 to 4999`);
    }
    this.#sayGoodbye(code, reason);
  }

  #sink(): FrameSink {
    return {
      text: (message) => {
        if (this.#state !== "open") return;
        try {
          this.#handlers.onMessage(message);
        } catch (error) {
          throw new FrameError(1011, `the message handler threw "${error}"`);
        }
      },
      ping: (payload) => {
        if (this.#state !== "open" || this.bufferedAmount > NO_PONG_BYTES) return;
        this.#unsent.pong(payload);
        this.#flush();
      },
      close: (code, reason) => {
        this.#ending = [code, reason];
        this.#sayGoodbye(code, "");
      },
    };
  }

  async #read(first: Uint8Array): Promise<void> {
    try {
      this.#reader.space.set(first);
      let count: number | null = first.length;
      while (count !== null && this.#reader.filled(count)) {
        count = await this.#conn.read(this.#reader.space);
        this.#quietLooks = 0;
      }
    } catch (error) {
      if (error instanceof FrameError) {
        this.#ending = [error.code, error.message];
        this.#sayGoodbye(error.code, "");
      } else this.#ending[1] = messageOf(error);
    }
    // Only a socket that says goodbye waits for its writes, for only then there is an end to the wait.
    if (this.#state === "closing") await this.#written;
    this.#end();
  }

  /** A line that broke without a word is noticed within 30 s; TCP itself takes many minutes. */
  #keepAlive(): void {
    this.#stopKeepalive = this.#clock.after(KEEPALIVE_MS, () => {
      if (++this.#quietLooks > 2) {
        this.#ending = [1006, "the server did not answer a ping"];
        return this.#end();
      }
      if (this.#quietLooks === 2) {
        this.#unsent.ping();
        this.#flush();
      }
      this.#keepAlive();
    });
  }

  #flush(): void {
    if (!this.#writing) this.#written = this.#write();
  }

  /** One write at a time; what is sent meanwhile leaves together in the next. */
  async #write(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#unsent.length > 0) {
        const frames = this.#unsent.take();
        this.#inFlight = frames.length;
        while (this.#inFlight > 0) {
          this.#inFlight -= await this.#conn.write(frames.subarray(frames.length - this.#inFlight));
        }
      }
      this.#writing = false;
    } catch (error) {
      // Still "writing", for nothing can leave any more; but why the server hung up may be there to read.
      this.#ending[1] = messageOf(error);
      this.#waitForEnd();
    }
  }

  #sayGoodbye(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#unsent.close(code, reason);
    this.#waitForEnd();
    this.#flush();
  }

  #waitForEnd(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#stopKeepalive();
    this.#stopWaiting = this.#clock.after(CLOSE_WAIT_MS, () => this.#end());
  }

  #end(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#stopReading();
    this.#stopWaiting();
    this.#stopKeepalive();
    this.#conn.close();
    try {
      this.#handlers.onClose(...this.#ending);
    } catch (error) {
      reportError(error); // There is no socket left to close over it.
    }
  }
}

/**
 * Opens a WebSocket to a `ws:` or `wss:` URL. Redirects are not followed; no extension or subprotocol is offered.
 * @throws {DialError} whatever the reason is that there is no socket.
 */
export async function dial(url: string, options: DialOptions): Promise<ModelSocket> {
  const { handlers, headers = {}, timeoutMs = 10_000, maxMessageBytes = 4 * 1024 * 1024 } = options;
  const clock = options.clock ?? systemClock;
  const target = readTarget(url);
  const timeout = new AbortController();
  const cancelTimeout = clock.after(timeoutMs, () => timeout.abort());
  const signal = options.signal ? AbortSignal.any([options.signal, timeout.signal]) : timeout.signal;
  let conn: Deno.Conn | undefined;
  const hangUp = () => {
    try {
      conn?.close();
    } catch {
      // It is closed already, or TLS has taken it over.
    }
  };
  signal.addEventListener("abort", hangUp);
  try {
    const key = encodeBase64(crypto.getRandomValues(new Uint8Array(16)));
    const request = upgradeRequest(target, key, headers);
    const hostname = target.hostname.replace(/^\[|\]$/g, "");
    const secure = target.protocol === "wss:";
    const port = Number(target.port) || (secure ? 443 : 80);
    const tcp = conn = await Deno.connect({ hostname, port, signal });
    tcp.setNoDelay(true);
    if (secure) {
      const caCerts = options.caCerts ?? [];
      const tls = conn = await Deno.startTls(tcp, { hostname, alpnProtocols: ["http/1.1"], caCerts });
      signal.throwIfAborted();
      await tls.handshake();
    }
    for (let sent = 0; sent < request.length;) sent += await conn.write(request.subarray(sent));
    const first = await readAnswer(conn, key);
    signal.throwIfAborted();
    return new ModelSocket(conn, first, clock, handlers, maxMessageBytes);
  } catch (cause) {
    hangUp();
    const status = cause instanceof Refusal ? cause.status : undefined;
    const why = options.signal?.aborted
      ? "it was called off"
      : timeout.signal.aborted
      ? `it took longer than ${timeoutMs} ms; check the address and the network`
      : `${messageOf(cause)}; ${remedy(status)}`;
    // Without the query, which may hold a secret.
    throw new DialError(`Cannot dial "${target.origin}${target.pathname}": ${why}`, status, cause);
  } finally {
    cancelTimeout();
    signal.removeEventListener("abort", hangUp);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
