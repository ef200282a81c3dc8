import { createHash } from "node:crypto";

/** A TCP server that says byte for byte what a test wants, and reads frames without any help from Parley's own code. */
export class RawServer {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  get url(): string {
    return `ws://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}/realtime?secret=of-the-query`;
  }

  /** Takes one connection and its upgrade request, and leaves the answer to the test. */
  async accept(): Promise<RawPeer> {
    const conn = await this.#listener.accept();
    let request = "";
    while (!request.endsWith("\r\n\r\n")) request += decode(await some(conn));
    return new RawPeer(conn, request);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

export class RawPeer {
  #unread = new Uint8Array(0);

  constructor(readonly conn: Deno.TcpConn, readonly request: string) {}

  /** Grants the upgrade, with `frames` in the same segment. */
  async grant(frames: number[] = []): Promise<void> {
    await this.write([...new TextEncoder().encode(`${this.answer()}\r\n\r\n`), ...frames]);
  }

  /** The answer that grants the upgrade, without the empty line that ends it. */
  answer(): string {
    const key = /^sec-websocket-key: (\S+)$/im.exec(this.request)?.[1];
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\nSec-WebSocket-Accept: ${accept}`;
  }

  async write(bytes: number[] | Uint8Array): Promise<void> {
    let rest = Uint8Array.from(bytes);
    while (rest.length > 0) rest = rest.subarray(await this.conn.write(rest));
  }

  /** The next client frame, unmasked; undefined at the end of the connection. */
  async frame(): Promise<{ opcode: number; payload: Uint8Array } | undefined> {
    const head = await this.#take(2);
    if (!head) return undefined;
    if (((head[1] ?? 0) & 0x80) === 0) throw new Error("the client sent a frame without a mask");
    let length = (head[1] ?? 0) & 0x7f;
    if (length > 125) {
      const longer = await this.#take(length === 126 ? 2 : 8);
      length = [...longer ?? []].reduce((sum, byte) => sum * 256 + byte, 0);
    }
    const mask = await this.#take(4);
    const payload = await this.#take(length);
    return {
      opcode: head[0] ?? 0,
      payload: payload?.map((byte, at) => byte ^ (mask?.[at % 4] ?? 0)) ?? payload!,
    };
  }

  /** Reads on until the client hangs up. */
  async drained(): Promise<void> {
    try {
      while (await this.conn.read(new Uint8Array(65536)) !== null);
    } catch {
      // A reset ends it as well.
    }
  }

  [Symbol.dispose](): void {
    try {
      this.conn.close();
    } catch {
      // The test closed it.
    }
  }

  async #take(count: number): Promise<Uint8Array | undefined> {
    while (this.#unread.length < count) {
      const more = await some(this.conn);
      if (more.length === 0) return undefined;
      this.#unread = Uint8Array.from([...this.#unread, ...more]);
    }
    const taken = this.#unread.slice(0, count);
    this.#unread = this.#unread.slice(count);
    return taken;
  }
}

async function some(conn: Deno.Conn): Promise<Uint8Array> {
  const bytes = new Uint8Array(65536);
  return bytes.subarray(0, await conn.read(bytes) ?? 0);
}

function decode(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new Error("the client hung up in its request");
  return new TextDecoder().decode(bytes);
}
