/**
 * A WebSocket client (RFC 6455) for text messages, optimized for many small frames with low latency.
 *
 * Deno's own client leaves Nagle's algorithm on and has no option for it: each frame waits until the one before it is
 * acknowledged, which is one network round trip. Measured in docs/design/model-socket.md.
 */

import { encodeBase64 } from "@std/encoding/base64";
import { type Clock, systemClock } from "../../clock.ts";
import { messageOf } from "../../error_message.ts";
import { connect } from "../../net/connect.ts";
import { writeAll } from "../../net/http_exchange.ts";
import {
  ConnectError,
  parseWebSocketUrl,
  readUpgradeResponse,
  UpgradeError,
  upgradeRemedy,
  upgradeRequest,
} from "./upgrade.ts";
import { FrameError, isCloseCode } from "./frame.ts";
import { FrameReader, type FrameSink } from "./frame_reader.ts";
import { FrameWriter } from "./frame_writer.ts";

export { ConnectError };

/** Timeout for the server's close frame (ms). */
const CLOSE_TIMEOUT_MS = 2000;
/** Interval of the keepalive check (ms): the second check in silence pings, the third closes the socket. */
const KEEPALIVE_MS = 10_000;
/** Unsent bytes above which pings are not answered: a server that never reads would fill the memory with pongs. */
const MAX_PONG_BACKLOG_BYTES = 64 * 1024;

/** Receives the events of a socket, never before the code that awaited {@linkcode connectWebSocket} has run. */
export interface SocketHandlers {
  /** A complete text message. If this throws, the socket closes with 1011. */
  onMessage(text: string): void;
  /**
   * Called once, last. `code` is the server's close code, 1005 if its close frame had none, 1006 if there was no close
   * frame, or the code of a protocol violation by the server (1002, 1003, 1007, 1009, 1011).
   */
  onClose(code: number, reason: string): void;
}

export interface ConnectOptions {
  handlers: SocketHandlers;
  /** Additional request headers, for example credentials. */
  headers?: Record<string, string>;
  /** Time limit for DNS, TCP, TLS and the upgrade together (ms). Default: 10,000. */
  timeoutMs?: number;
  /** Maximum message size (bytes of UTF-8). Default: 4 MiB. */
  maxMessageBytes?: number;
  /** Cancels connecting; has no effect on an open socket. */
  signal?: AbortSignal;
  /** PEM certificates to trust in addition to the system's. */
  caCerts?: string[];
  clock?: Clock;
}

/** An open WebSocket without Nagle's algorithm. Create it with {@linkcode connectWebSocket}. */
export class WebSocketClient {
  readonly #conn: Deno.Conn;
  readonly #handlers: SocketHandlers;
  readonly #clock: Clock;
  readonly #reader: FrameReader;
  readonly #unsent = new FrameWriter((bytes) => crypto.getRandomValues(bytes));
  #state: "open" | "closing" | "closed" = "open";
  #closeEvent: [code: number, reason: string] = [1006, "the connection ended without a close frame"];
  #writing = false;
  #written = Promise.resolve();
  #inFlight = 0;
  #dropped = 0;
  #cancelFirstRead = () => {};
  #cancelCloseTimeout = () => {};
  #cancelKeepalive = () => {};
  #silentChecks = 0;

  /** @param first Bytes that arrived with the upgrade response. */
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
    this.#reader = new FrameReader(this.#frameSink(), maxMessageBytes);
    // In a separate task, so that the caller of `connectWebSocket` has the socket before its first message.
    const begin = setTimeout(() => this.#read(first), 0);
    this.#cancelFirstRead = () => clearTimeout(begin);
    this.#scheduleKeepalive();
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Bytes not yet accepted by the kernel, frame headers included. */
  get bufferedAmount(): number {
    return this.#unsent.length + this.#inFlight;
  }

  /** Number of messages passed to `send` after the socket was closed. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Sends one message. Returns false, and sends nothing, if the socket is closing or closed. */
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
   * Sends a close frame after the queued messages, waits up to 2 s for the server's, and disconnects.
   *
   * @throws {RangeError} if a close frame may not carry `code`.
   */
  close(code = 1000, reason = ""): void {
    if (!isCloseCode(code)) {
      throw new RangeError(`Cannot close the socket with code "${code}": use 1000 or 3000 to 4999`);
    }
    this.#startClose(code, reason);
  }

  #frameSink(): FrameSink {
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
        if (this.#state !== "open" || this.bufferedAmount > MAX_PONG_BACKLOG_BYTES) return;
        this.#unsent.pong(payload);
        this.#flush();
      },
      close: (code, reason) => {
        this.#closeEvent = [code, reason];
        this.#startClose(code, "");
      },
    };
  }

  async #read(first: Uint8Array): Promise<void> {
    try {
      this.#reader.space.set(first);
      let count: number | null = first.length;
      while (count !== null && this.#reader.readFrames(count)) {
        count = await this.#conn.read(this.#reader.space);
        this.#silentChecks = 0;
      }
    } catch (error) {
      if (error instanceof FrameError) {
        this.#closeEvent = [error.code, error.message];
        this.#startClose(error.code, "");
      } else this.#closeEvent[1] = messageOf(error);
    }
    // Wait for pending writes only while closing: the close timeout bounds the wait.
    if (this.#state === "closing") await this.#written;
    this.#end();
  }

  /** Detects a dead connection within 30 s; TCP alone takes many minutes. */
  #scheduleKeepalive(): void {
    this.#cancelKeepalive = this.#clock.after(KEEPALIVE_MS, () => {
      if (++this.#silentChecks > 2) {
        this.#closeEvent = [1006, "the server did not answer a ping"];
        return this.#end();
      }
      if (this.#silentChecks === 2) {
        this.#unsent.ping();
        this.#flush();
      }
      this.#scheduleKeepalive();
    });
  }

  #flush(): void {
    if (!this.#writing) this.#written = this.#write();
  }

  /** One write at a time: messages sent meanwhile are batched into the next. */
  async #write(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#unsent.length > 0) {
        const frames = this.#unsent.flush();
        this.#inFlight = frames.length;
        while (this.#inFlight > 0) {
          this.#inFlight -= await this.#conn.write(frames.subarray(frames.length - this.#inFlight));
        }
      }
      this.#writing = false;
    } catch (error) {
      // `#writing` stays true to block further writes. Reading continues: the server may have sent its close reason.
      this.#closeEvent[1] = messageOf(error);
      this.#awaitClose();
    }
  }

  #startClose(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#unsent.close(code, reason);
    this.#awaitClose();
    this.#flush();
  }

  #awaitClose(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#cancelKeepalive();
    this.#cancelCloseTimeout = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#end());
  }

  #end(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#cancelFirstRead();
    this.#cancelCloseTimeout();
    this.#cancelKeepalive();
    this.#conn.close();
    try {
      this.#handlers.onClose(...this.#closeEvent);
    } catch (error) {
      reportError(error);
    }
  }
}

/**
 * Opens a WebSocket to a `ws:` or `wss:` URL. Does not follow redirects; offers no extension or subprotocol.
 *
 * @throws {ConnectError} if the WebSocket cannot be opened.
 */
export async function connectWebSocket(url: string, options: ConnectOptions): Promise<WebSocketClient> {
  const { handlers, headers = {}, timeoutMs = 10_000, maxMessageBytes = 4 * 1024 * 1024, caCerts } = options;
  const clock = options.clock ?? systemClock;
  const target = parseWebSocketUrl(url);
  const timeout = new AbortController();
  const cancelTimeout = clock.after(timeoutMs, () => timeout.abort());
  const signal = options.signal ? AbortSignal.any([options.signal, timeout.signal]) : timeout.signal;
  try {
    const key = encodeBase64(crypto.getRandomValues(new Uint8Array(16)));
    const request = upgradeRequest(target, key, headers);
    const onTcp = (tcp: Deno.TcpConn) => tcp.setNoDelay(true);
    const { conn, first } = await connect(target, { signal, caCerts, onTcp }, async (conn) => {
      await writeAll(conn, request);
      return { conn, first: await readUpgradeResponse(conn, key) };
    });
    return new WebSocketClient(conn, first, clock, handlers, maxMessageBytes);
  } catch (cause) {
    const status = cause instanceof UpgradeError ? cause.status : undefined;
    const reason = options.signal?.aborted
      ? "it was cancelled"
      : timeout.signal.aborted
      ? `it took longer than ${timeoutMs} ms; check the address and the network`
      : `${messageOf(cause)}; ${upgradeRemedy(status)}`;
    // Without the query, which may contain a secret.
    throw new ConnectError(
      `Cannot connect to "${target.origin}${target.pathname}": ${reason}`,
      status,
      cause,
    );
  } finally {
    cancelTimeout();
  }
}
