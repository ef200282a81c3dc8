import { type Clock } from "../../clock.ts";
import { messageOf } from "../../error_message.ts";
import { FrameError, isCloseCode } from "./frame.ts";
import { FrameReader, type FrameSink } from "./frame_reader.ts";
import { FrameWriter } from "./frame_writer.ts";
import { PingMonitor, type PingOptions } from "./ping_monitor.ts";

/** Timeout for the server's close frame (ms). */
const CLOSE_TIMEOUT_MS = 2000;
/** Unsent bytes above which pings are not answered: a server that never reads would fill the memory with pongs. */
const MAX_PONG_BACKLOG_BYTES = 64 * 1024;

/** Receives the events of a socket, never before the code that awaited `connectWebSocket` has run. */
export interface SocketHandlers {
  /** A complete text message. If this throws, the socket closes with 1011. */
  onMessage(text: string): void;
  /** The server answered a ping; `payload` is the text that {@linkcode PingOptions.pingPayload} gave it. */
  onPong?(payload: string): void;
  /** A ping is unanswered for 600 ms, or was answered again. */
  onSuspect?(suspect: boolean): void;
  /**
   * Called once, last. `code` is the server's close code, 1005 if its close frame had none, 1006 if there was no close
   * frame, or the code of a protocol violation by the server (1002, 1003, 1007, 1009, 1011).
   */
  onClose(code: number, reason: string): void;
}

/** What a {@linkcode WebSocketClient} needs. */
export interface SocketOptions extends PingOptions {
  readonly clock: Clock;
  readonly handlers: SocketHandlers;
  /** Maximum message size (bytes of UTF-8). */
  readonly maxMessageBytes: number;
}

/** An open WebSocket without Nagle's algorithm. Create it with `connectWebSocket`. */
export class WebSocketClient {
  readonly #conn: Deno.Conn;
  readonly #handlers: SocketHandlers;
  readonly #clock: Clock;
  readonly #reader: FrameReader;
  readonly #pings: PingMonitor;
  readonly #unsent = new FrameWriter((bytes) => crypto.getRandomValues(bytes));
  #state: "open" | "closing" | "closed" = "open";
  #closeEvent: [code: number, reason: string] = [1006, "the connection ended without a close frame"];
  #writing = false;
  #written = Promise.resolve();
  #inFlight = 0;
  #dropped = 0;
  #cancelFirstRead = () => {};
  #cancelCloseTimeout = () => {};

  /** @param first Bytes that arrived with the upgrade response. */
  constructor(conn: Deno.Conn, first: Uint8Array, options: SocketOptions) {
    const { clock, handlers, maxMessageBytes } = options;
    this.#conn = conn;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#reader = new FrameReader(this.#frameSink(), maxMessageBytes);
    this.#pings = this.#createPingMonitor(options);
    // In a separate task, so that the caller of `connectWebSocket` has the socket before its first message.
    const begin = setTimeout(() => this.#read(first), 0);
    this.#cancelFirstRead = () => clearTimeout(begin);
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

  /** Asks for a sign of life now, unless a ping was sent in the last 100 ms. */
  ping(): void {
    if (this.#state === "open") this.#pings.ping();
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
      pong: (payload) => {
        if (this.#state === "open") this.#pings.pongArrived(payload);
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
        this.#pings.bytesArrived(count ?? 0);
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

  #createPingMonitor({ clock, handlers, ...options }: SocketOptions): PingMonitor {
    return new PingMonitor(clock, {
      sendPing: (payload) => {
        this.#unsent.ping(payload);
        this.#flush();
      },
      onPong: (payload) => handlers.onPong?.(payload),
      onSuspect: (suspect) => handlers.onSuspect?.(suspect),
      onDead: () => {
        this.#closeEvent = [1006, "the server did not answer a ping"];
        this.#end();
      },
    }, options);
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
    this.#pings.stop();
    this.#cancelCloseTimeout = this.#clock.after(CLOSE_TIMEOUT_MS, () => this.#end());
  }

  #end(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#cancelFirstRead();
    this.#cancelCloseTimeout();
    this.#pings.stop();
    this.#conn.close();
    try {
      this.#handlers.onClose(...this.#closeEvent);
    } catch (error) {
      reportError(error);
    }
  }
}
