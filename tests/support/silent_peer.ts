/** A WebSocket client that answers no close frame, as a broken or hostile peer does. */
export class SilentPeer {
  readonly #conn: Deno.Conn;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Requests the upgrade. */
  async open(path = "/"): Promise<void> {
    const handshake = [
      `GET ${path} HTTP/1.1`,
      "Host: localhost",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${new Uint8Array(16).toBase64()}`,
    ];
    await this.#write(new TextEncoder().encode(`${handshake.join("\r\n")}\r\n\r\n`));
  }

  /** Sends a message of at most 65,535 bytes, with an empty mask. */
  async send(text: string): Promise<void> {
    const payload = new TextEncoder().encode(text);
    await this.#write(
      Uint8Array.of(0x81, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0, ...payload),
    );
  }

  /** Reads until the server ends the connection; undefined if it does not within 15 s. */
  async untilEnd(): Promise<string | undefined> {
    let timedOut = false;
    const timeout = setTimeout(() => {
      timedOut = true;
      this.#conn.close();
    }, 15_000);
    const text = await new Response(this.#conn.readable).text().catch(() => "");
    clearTimeout(timeout);
    return timedOut ? undefined : text;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const writer = this.#conn.writable.getWriter();
    await writer.write(bytes);
    writer.releaseLock();
  }
}
