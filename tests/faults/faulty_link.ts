import type { Socket } from "node:net";
import { BytePipe } from "./byte_pipe.ts";
import type { Direction, Fault } from "./fault.ts";
import { closeFrame, FrameTracker, textFrame } from "./frame_tracker.ts";

/** Messages that a `corrupt` fault spoils. */
const CORRUPT_MESSAGES = 5;
const EXPIRED_CODE = 1001;
const EXPIRED = "Your session hit the maximum duration of 60 minutes.";

/** One connection through a proxy: the client, the server, and a pipe for each direction. */
export class FaultyLink {
  /** Resolves when both sides are closed. */
  readonly closed: Promise<void>;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #pipes: Record<Direction, BytePipe>;
  /** Direction of the bytes to Parley. */
  readonly #toward: Direction;
  readonly #tracker = new FrameTracker();
  /** Frames to insert at the next boundary. */
  #insert: Uint8Array[] = [];
  #onInserted = () => {};
  #corrupt = 0;
  #isSwallowing = false;
  #healing: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Socket, server: Socket, toward: Direction) {
    this.#client = client;
    this.#server = server;
    this.#toward = toward;
    this.#pipes = { up: new BytePipe(client, server), down: new BytePipe(server, client) };
    this.#pipes[toward].edit = (chunk) => this.#edit(chunk);
    // A link that swallows bytes still ends when Parley closes its side.
    this.#parley.once("end", () => this.#isSwallowing && this.destroy());
    const closed = [client, server].map((socket) =>
      new Promise<void>((resolve) => socket.once("close", () => resolve()))
    );
    this.closed = Promise.all(closed).then(() => {});
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      socket.on("error", () => {});
      socket.once("close", () => other.destroy());
    }
  }

  inject(fault: Fault): void {
    const { up, down } = this.#pipes;
    switch (fault.kind) {
      case "none":
        return;
      case "reset":
      case "refuse":
      case "http":
        return this.reset();
      case "stall":
        if (fault.only !== "down") up.mode = { kind: "stall" };
        if (fault.only !== "up") down.mode = { kind: "stall" };
        if (fault.ms !== undefined) this.#healing = setTimeout(() => this.#heal(), fault.ms);
        return;
      case "swallow":
        return this.#swallow();
      case "half-open":
        this.#swallow();
        this.#parley.end();
        return;
      case "garbage":
        this.#swallow();
        return this.#pipes[this.#toward].inject(crypto.getRandomValues(new Uint8Array(64)).fill(0xf7, 0, 2));
      case "corrupt":
        this.#corrupt = CORRUPT_MESSAGES;
        return;
      case "delay":
        up.mode = down.mode = { kind: "delay", ms: fault.ms / 2 };
        return;
      case "throttle":
        up.mode = down.mode = fault;
        return;
      case "close":
        if (fault.code === 1006) return this.#end();
        return this.#insertAtBoundary([closeFrame(fault.code, this.#masks)]);
      case "expired":
        return this.#insertAtBoundary([
          textFrame(EXPIRED_EVENT, this.#masks),
          closeFrame(EXPIRED_CODE, this.#masks),
        ]);
    }
  }

  /** Discards whatever still comes, so that the link ends when Parley closes its side. */
  drain(): void {
    this.#swallow();
    if (this.#parley.readableEnded) this.destroy();
  }

  /** Resets the connection at both sides. */
  reset(): void {
    this.#close();
    for (const socket of [this.#client, this.#server]) socket.resetAndDestroy();
  }

  get #parley(): Socket {
    return this.#toward === "down" ? this.#client : this.#server;
  }

  get #peer(): Socket {
    return this.#toward === "down" ? this.#server : this.#client;
  }

  get #masks(): boolean {
    return this.#toward === "up";
  }

  #heal(): void {
    for (const pipe of Object.values(this.#pipes)) pipe.mode = { kind: "forward" };
  }

  #swallow(): void {
    this.#isSwallowing = true;
    for (const pipe of Object.values(this.#pipes)) pipe.mode = { kind: "swallow" };
  }

  /** Ends the connection at Parley; the peer has closed. */
  #end(): void {
    this.#swallow();
    this.#parley.end();
    this.#peer.destroy();
  }

  #insertAtBoundary(frames: Uint8Array[]): void {
    this.#onInserted = () => this.#end();
    this.#insert = frames;
    if (!this.#tracker.atBoundary) return;
    for (const frame of this.#takeInsert()) this.#pipes[this.#toward].inject(frame);
    this.#onInserted();
  }

  #takeInsert(): Uint8Array[] {
    const frames = this.#insert;
    this.#insert = [];
    return frames;
  }

  #edit(chunk: Uint8Array): Uint8Array {
    const { boundaries, texts } = this.#tracker.feed(chunk);
    for (const at of texts) {
      if (this.#corrupt === 0) break;
      this.#corrupt--;
      // A flipped bit spoils the opening brace, masked or not.
      chunk[at] = (chunk[at] ?? 0) ^ 0x04;
    }
    const [boundary] = boundaries;
    if (this.#insert.length === 0 || boundary === undefined) return chunk;
    const sent = [chunk.subarray(0, boundary), ...this.#takeInsert()];
    queueMicrotask(() => this.#onInserted());
    return Uint8Array.from(sent.flatMap((bytes) => [...bytes]));
  }

  #close(): void {
    clearTimeout(this.#healing);
    for (const pipe of Object.values(this.#pipes)) pipe.close();
  }

  /** Closes both sides without a reset. */
  destroy(): void {
    this.#close();
    this.#client.destroy();
    this.#server.destroy();
  }
}

const EXPIRED_EVENT = JSON.stringify({
  type: "error",
  event_id: "event_expired",
  error: {
    type: "invalid_request_error",
    code: "session_expired",
    message: EXPIRED,
    param: null,
    event_id: null,
  },
});
