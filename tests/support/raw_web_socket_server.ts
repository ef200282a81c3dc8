import { createHash } from "node:crypto";

/** A TCP server that sends exactly the bytes of a test and parses frames without Parley's code. */
export class RawWebSocketServer {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  get url(): string {
    return `ws://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}/realtime?secret=of-the-query`;
  }

  /** Accepts a connection and reads its upgrade request; the test sends the response. */
  async accept(): Promise<RawPeer> {
    const conn = await this.#listener.accept();
    let request = "";
    while (!request.endsWith("\r\n\r\n")) request += decode(await readSome(conn));
    return new RawPeer(conn, request);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

export class RawPeer {
  #unread = new Uint8Array(0);

  constructor(readonly conn: Deno.TcpConn, readonly request: string) {}

  /** Grants the upgrade and sends `frames` in the same write. */
  async grant(frames: number[] = []): Promise<void> {
    await this.write([...new TextEncoder().encode(`${this.upgradeResponse()}\r\n\r\n`), ...frames]);
  }

  /** The response that grants the upgrade, without its final empty line. */
  upgradeResponse(): string {
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
    const head = await this.#readBytes(2);
    if (!head) return undefined;
    if (((head[1] ?? 0) & 0x80) === 0) throw new Error("the client sent an unmasked frame");
    let length = (head[1] ?? 0) & 0x7f;
    if (length > 125) {
      const longer = await this.#readBytes(length === 126 ? 2 : 8);
      length = [...longer ?? []].reduce((sum, byte) => sum * 256 + byte, 0);
    }
    const mask = await this.#readBytes(4);
    const payload = await this.#readBytes(length);
    return {
      opcode: head[0] ?? 0,
      payload: payload?.map((byte, at) => byte ^ (mask?.[at % 4] ?? 0)) ?? payload!,
    };
  }

  /** Reads until the client disconnects. */
  async drained(): Promise<void> {
    try {
      while (await this.conn.read(new Uint8Array(65536)) !== null);
    } catch {
      // Connection reset.
    }
  }

  [Symbol.dispose](): void {
    try {
      this.conn.close();
    } catch {
      // Already closed by the test.
    }
  }

  async #readBytes(count: number): Promise<Uint8Array | undefined> {
    while (this.#unread.length < count) {
      const more = await readSome(this.conn);
      if (more.length === 0) return undefined;
      this.#unread = Uint8Array.from([...this.#unread, ...more]);
    }
    const taken = this.#unread.slice(0, count);
    this.#unread = this.#unread.slice(count);
    return taken;
  }
}

async function readSome(conn: Deno.Conn): Promise<Uint8Array> {
  const bytes = new Uint8Array(65536);
  return bytes.subarray(0, await conn.read(bytes) ?? 0);
}

function decode(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new Error("the client disconnected during its request");
  return new TextDecoder().decode(bytes);
}
