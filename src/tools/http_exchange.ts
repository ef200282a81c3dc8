/**
 * One HTTP/1.1 request and its answer over a connection that is there already (RFC 9112).
 *
 * `fetch` does not say which address it connected to, and `node:http` of Deno 2.6 takes neither a lookup nor a connection
 * of ours; so an address that was checked and the one that is used could not be held together.
 */

/** Most a line of the head, or all of it, may have (bytes). */
const MAX_HEAD_BYTES = 16 * 1024;
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  /** Beside those that the exchange itself needs. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The answer breaks the protocol or a limit. The message says how; nothing of the answer is in it. */
export class AnswerError extends Error {
  override readonly name = "AnswerError";
}

/** Headers the exchange sets by itself. */
export const RESERVED_HEADERS: readonly string[] = [
  "accept-encoding",
  "connection",
  "content-length",
  "expect",
  "host",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Whether a header can be sent as it is: it has a name of its own, and cannot begin another line. */
export function isHeader(name: string, value: string): boolean {
  return TOKEN.test(name) && !RESERVED_HEADERS.includes(name.toLowerCase()) && /^[\t\x20-\x7e]*$/.test(value);
}

/**
 * Asks, and reads the whole answer. The connection is of no use afterwards.
 *
 * @param maxBytes Most the body of the answer may have.
 * @throws {AnswerError} when the answer is broken, compressed or too long.
 * @throws {TypeError} when a header cannot be sent.
 */
export async function exchange(
  conn: Pick<Deno.Conn, "read" | "write">,
  request: HttpRequest,
  maxBytes: number,
): Promise<HttpAnswer> {
  const bytes = requestBytes(request);
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
  const incoming = new Incoming(conn);
  const { status, headers } = await readHead(incoming);
  const empty = status === 204 || status === 304;
  return { status, headers, body: await collect(empty ? [] : body(incoming, headers, maxBytes), maxBytes) };
}

function requestBytes({ method, url, headers, body }: HttpRequest): Uint8Array {
  const encoder = new TextEncoder();
  const payload = encoder.encode(body ?? "");
  const lines = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    "connection: close",
    // A small answer that grows to gigabytes has to be asked for first.
    "accept-encoding: identity",
    ...(body === undefined ? [] : [`content-length: ${payload.length}`]),
  ];
  for (const [name, value] of Object.entries(headers)) {
    if (!isHeader(name, value)) throw new TypeError(`Cannot send the header ${JSON.stringify(name)}`);
    lines.push(`${name}: ${value}`);
  }
  const head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

async function readHead(incoming: Incoming): Promise<{ status: number; headers: Headers }> {
  let left = MAX_HEAD_BYTES;
  const next = async () => {
    const line = await incoming.line();
    left -= line.length + 2;
    if (left < 0) throw new AnswerError(`the headers are longer than ${MAX_HEAD_BYTES} bytes`);
    return line;
  };
  for (;;) {
    const status = Number(/^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(await next())?.[1]);
    if (!status) throw new AnswerError("the answer is not HTTP/1.1");
    const headers = new Headers();
    for (let line = await next(); line !== ""; line = await next()) {
      const [, name, value = ""] = /^([^\s:]+):[ \t]*(.*)$/.exec(line) ?? [];
      if (name === undefined || !TOKEN.test(name) || value.includes("\0")) {
        throw new AnswerError("a header is broken");
      }
      headers.append(name, value);
    }
    // 1xx is only the announcement of an answer.
    if (status === 101) throw new AnswerError("the answer wants another protocol");
    if (status >= 200) return { status, headers };
  }
}

/** The body's pieces. */
function body(incoming: Incoming, headers: Headers, maxBytes: number): AsyncIterable<Uint8Array> {
  const encoding = headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (encoding !== "identity") throw new AnswerError("the answer is compressed, which was not asked for");
  const transfer = headers.get("transfer-encoding");
  if (transfer !== null) {
    if (transfer.toLowerCase() !== "chunked") throw new AnswerError("the transfer encoding is unknown");
    return chunks(incoming);
  }
  const length = headers.get("content-length");
  if (length === null) return incoming.rest();
  if (!/^\d+$/.test(length)) throw new AnswerError("the content length is no number");
  if (Number(length) > maxBytes) throw tooLong(maxBytes);
  return incoming.exactly(Number(length));
}

async function* chunks(incoming: Incoming): AsyncGenerator<Uint8Array> {
  for (;;) {
    const size = /^([\da-f]{1,8})[ \t]*(?:;.*)?$/i.exec(await incoming.line())?.[1];
    if (size === undefined) throw new AnswerError("a chunk has no size");
    // What may follow the last chunk is for nobody here.
    if (Number.parseInt(size, 16) === 0) return;
    yield* incoming.exactly(Number.parseInt(size, 16));
    if (await incoming.line() !== "") throw new AnswerError("a chunk is longer than it says");
  }
}

async function collect(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const whole = new Uint8Array(maxBytes);
  let length = 0;
  for await (const piece of pieces) {
    if (length + piece.length > maxBytes) throw tooLong(maxBytes);
    whole.set(piece, length);
    length += piece.length;
  }
  return whole.subarray(0, length);
}

function tooLong(maxBytes: number): AnswerError {
  return new AnswerError(`the answer is longer than ${maxBytes} bytes`);
}

/** What comes in, by lines or by bytes. */
class Incoming {
  readonly #conn: Pick<Deno.Conn, "read">;
  readonly #space = new Uint8Array(MAX_HEAD_BYTES);
  #unread = this.#space.subarray(0, 0);

  constructor(conn: Pick<Deno.Conn, "read">) {
    this.#conn = conn;
  }

  /** A line without its end, each byte a character. */
  async line(): Promise<string> {
    let end: number;
    while ((end = this.#unread.indexOf(10)) < 0) {
      if (!await this.#more()) throw new AnswerError("the connection ended in mid-answer");
    }
    const line = String.fromCharCode(...this.#unread.subarray(0, end));
    this.#unread = this.#unread.subarray(end + 1);
    return line.replace(/\r$/, "");
  }

  async *exactly(count: number): AsyncGenerator<Uint8Array> {
    while (count > 0) {
      if (this.#unread.length === 0 && !await this.#more()) {
        throw new AnswerError("the connection ended in mid-answer");
      }
      const piece = this.#unread.subarray(0, count);
      this.#unread = this.#unread.subarray(piece.length);
      count -= piece.length;
      yield piece;
    }
  }

  /** All until the connection ends. */
  async *rest(): AsyncGenerator<Uint8Array> {
    do {
      yield this.#unread;
      this.#unread = this.#space.subarray(0, 0);
    } while (await this.#more());
  }

  /** Reads on behind what is unread; false at the end of the connection. */
  async #more(): Promise<boolean> {
    const kept = this.#unread.length;
    if (kept === this.#space.length) throw new AnswerError(`a line is longer than ${MAX_HEAD_BYTES} bytes`);
    this.#space.copyWithin(0, this.#unread.byteOffset, this.#unread.byteOffset + kept);
    const count = await this.#conn.read(this.#space.subarray(kept));
    this.#unread = this.#space.subarray(0, kept + (count ?? 0));
    return count !== null;
  }
}
