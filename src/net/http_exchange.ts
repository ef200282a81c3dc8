/**
 * One HTTP/1.1 request and its response over an open connection (RFC 9112).
 *
 * `fetch` does not report the address it connected to, and `node:http` of Deno 2.6 accepts neither a lookup function nor
 * an open connection. Only a connection of our own can be checked before it is used.
 */

/** Maximum size of a response's head (bytes). */
const MAX_HEAD_BYTES = 16 * 1024;
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  /** Without {@linkcode RESERVED_HEADERS}. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The response breaks the protocol or a limit. The message contains nothing of the response. */
export class HttpResponseError extends Error {
  override readonly name = "HttpResponseError";
}

/** Headers {@linkcode sendHttpRequest} sets itself. */
const RESERVED_HEADERS: readonly string[] = [
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

/**
 * Whether a header can be sent: valid characters, no line break, and not one of {@linkcode RESERVED_HEADERS}.
 */
export function isValidHeader(name: string, value: string): boolean {
  return isHeaderSyntax(name, value) && !RESERVED_HEADERS.includes(name.toLowerCase());
}

/**
 * Whether a header has a token as name and only printable ASCII and tabs as value (RFC 9110, 5.5 and 5.6.2).
 */
export function isHeaderSyntax(name: string, value: string): boolean {
  return TOKEN.test(name) && /^[\t\x20-\x7e]*$/.test(value);
}

/**
 * Sends a request and reads the whole response. The connection cannot be reused.
 *
 * @param maxBytes Maximum size of the response body.
 * @throws {HttpResponseError} if the response is malformed, compressed or too long.
 * @throws {TypeError} if a request header is invalid.
 */
export async function sendHttpRequest(
  conn: Pick<Deno.Conn, "read" | "write">,
  request: HttpRequest,
  maxBytes: number,
): Promise<HttpResponse> {
  await writeAll(conn, requestBytes(request));
  const reader = new ResponseReader(conn);
  const { status, headers } = await reader.head();
  if (status === 101) throw new HttpResponseError("the response switches protocols");
  const empty = status === 204 || status === 304;
  return {
    status,
    headers,
    body: await collect(empty ? [] : bodyChunks(reader, headers, maxBytes), maxBytes),
  };
}

/** Writes all of `bytes`, however little one write accepts. */
export async function writeAll(conn: Pick<Deno.Conn, "write">, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

function requestBytes({ method, url, headers, body }: HttpRequest): Uint8Array {
  const encoder = new TextEncoder();
  const payload = encoder.encode(body ?? "");
  const lines = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    "connection: close",
    // Guards against decompression bombs.
    "accept-encoding: identity",
    ...(body === undefined ? [] : [`content-length: ${payload.length}`]),
  ];
  for (const [name, value] of Object.entries(headers)) {
    if (!isValidHeader(name, value)) throw new TypeError(`Cannot send the header ${JSON.stringify(name)}`);
    lines.push(`${name}: ${value}`);
  }
  const head = encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

function bodyChunks(reader: ResponseReader, headers: Headers, maxBytes: number): AsyncIterable<Uint8Array> {
  const encoding = headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (encoding !== "identity") {
    throw new HttpResponseError("the response is compressed, which was not requested");
  }
  const transfer = headers.get("transfer-encoding");
  if (transfer !== null) {
    if (transfer.toLowerCase() !== "chunked") throw new HttpResponseError("the transfer encoding is unknown");
    return decodeChunked(reader);
  }
  const length = headers.get("content-length");
  if (length === null) return reader.rest();
  if (!/^\d+$/.test(length)) throw new HttpResponseError("the content length is not a number");
  if (Number(length) > maxBytes) throw tooLong(maxBytes);
  return reader.exactly(Number(length));
}

async function* decodeChunked(reader: ResponseReader): AsyncGenerator<Uint8Array> {
  for (;;) {
    const size = /^([\da-f]{1,8})[ \t]*(?:;.*)?$/i.exec(await reader.line())?.[1];
    if (size === undefined) throw new HttpResponseError("a chunk has no size");
    // Trailers after the last chunk are ignored.
    if (Number.parseInt(size, 16) === 0) return;
    yield* reader.exactly(Number.parseInt(size, 16));
    if (await reader.line() !== "") throw new HttpResponseError("a chunk is longer than its size");
  }
}

async function collect(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Uint8Array(maxBytes);
  let length = 0;
  for await (const chunk of chunks) {
    if (length + chunk.length > maxBytes) throw tooLong(maxBytes);
    body.set(chunk, length);
    length += chunk.length;
  }
  return body.subarray(0, length);
}

function tooLong(maxBytes: number): HttpResponseError {
  return new HttpResponseError(`the response is longer than ${maxBytes} bytes`);
}

/** Reads a response head, and a body by lines or bytes. */
export class ResponseReader {
  readonly #conn: Pick<Deno.Conn, "read">;
  readonly #buffer = new Uint8Array(MAX_HEAD_BYTES);
  #unread = this.#buffer.subarray(0, 0);

  constructor(conn: Pick<Deno.Conn, "read">) {
    this.#conn = conn;
  }

  /** Bytes received but not read yet. */
  get unread(): Uint8Array {
    return this.#unread;
  }

  /**
   * Reads the status line and headers, skipping informational responses except 101.
   *
   * @throws {HttpResponseError} if the head is malformed, too long or incomplete.
   */
  async head(): Promise<{ version: string; status: number; headers: Headers }> {
    let left = MAX_HEAD_BYTES;
    const nextLine = async () => {
      const line = await this.line();
      left -= line.length + 2;
      if (left < 0) throw new HttpResponseError(`the headers are longer than ${MAX_HEAD_BYTES} bytes`);
      return line;
    };
    for (;;) {
      const [, version = "", status] = /^HTTP\/(1\.[01]) ([1-5]\d\d)(?: |$)/.exec(await nextLine()) ?? [];
      if (status === undefined) throw new HttpResponseError("the response is not HTTP/1.1");
      const headers = new Headers();
      for (let line = await nextLine(); line !== ""; line = await nextLine()) {
        const [, name, value = ""] = /^([^\s:]+):[ \t]*(.*)$/.exec(line) ?? [];
        if (name === undefined || !TOKEN.test(name) || value.includes("\0")) {
          throw new HttpResponseError("the response has a malformed header");
        }
        headers.append(name, value);
      }
      if (Number(status) === 101 || Number(status) >= 200) {
        return { version, status: Number(status), headers };
      }
    }
  }

  /** The next line without its end, decoded as Latin-1. */
  async line(): Promise<string> {
    let end: number;
    while ((end = this.#unread.indexOf(10)) < 0) await this.#readOrThrow();
    const line = String.fromCharCode(...this.#unread.subarray(0, end));
    this.#unread = this.#unread.subarray(end + 1);
    return line.replace(/\r$/, "");
  }

  async *exactly(count: number): AsyncGenerator<Uint8Array> {
    while (count > 0) {
      if (this.#unread.length === 0) await this.#readOrThrow();
      const chunk = this.#unread.subarray(0, count);
      this.#unread = this.#unread.subarray(chunk.length);
      count -= chunk.length;
      yield chunk;
    }
  }

  /** Everything until the connection ends. */
  async *rest(): AsyncGenerator<Uint8Array> {
    do {
      yield this.#unread;
      this.#unread = this.#buffer.subarray(0, 0);
    } while (await this.#read());
  }

  async #readOrThrow(): Promise<void> {
    if (!await this.#read()) throw new HttpResponseError("the connection ended before the response did");
  }

  /** Appends received bytes to `#unread`; false at the end of the connection. */
  async #read(): Promise<boolean> {
    const unreadBytes = this.#unread.length;
    if (unreadBytes === this.#buffer.length) {
      throw new HttpResponseError(`a line is longer than ${MAX_HEAD_BYTES} bytes`);
    }
    this.#buffer.copyWithin(0, this.#unread.byteOffset, this.#unread.byteOffset + unreadBytes);
    const count = await this.#conn.read(this.#buffer.subarray(unreadBytes));
    this.#unread = this.#buffer.subarray(0, unreadBytes + (count ?? 0));
    return count !== null;
  }
}
