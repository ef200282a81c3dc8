/** The HTTP request that asks for a WebSocket, and the answer that grants or refuses it (RFC 6455, 4.1). */

import { encodeBase64 } from "@std/encoding/base64";

const MAX_ANSWER_BYTES = 16 * 1024;
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const RESERVED = /^(host|upgrade|connection|content-length|transfer-encoding|sec-websocket-.*)$/i;

/** Why there is no socket; with the HTTP status when the server refused the upgrade. */
export class DialError extends Error {
  override readonly name = "DialError";
  readonly status?: number;

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { cause });
    if (status !== undefined) this.status = status;
  }
}

/**
 * The address to dial.
 * @throws {DialError} when no WebSocket can be there; without showing it, for it may hold secrets.
 */
export function readTarget(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target?.protocol !== "ws:" && target?.protocol !== "wss:") {
    throw new DialError(
      'Cannot dial the model: its address is no WebSocket URL, give one like "wss://host/path"',
    );
  }
  if (target.username !== "" || target.password !== "" || target.hash !== "") {
    throw new DialError(
      "Cannot dial the model: its address has a user, a password or a fragment, leave it out",
    );
  }
  return target;
}

/** An answer that opens no socket; with its HTTP status when that was the reason. */
export class Refusal extends Error {
  constructor(message: string, readonly status?: number) {
    super(message);
  }
}

/**
 * The request for `target`; it offers no extension and no subprotocol.
 * @throws {Refusal} when a header could not be sent as it is given; its value is not shown.
 */
export function upgradeRequest(target: URL, key: string, headers: Record<string, string>): Uint8Array {
  const lines = [
    `GET ${target.pathname}${target.search} HTTP/1.1`,
    `Host: ${target.host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
  ];
  for (const [name, value] of Object.entries(headers)) {
    if (RESERVED.test(name)) throw new Refusal(`the header "${name}" belongs to the upgrade itself`);
    if (!TOKEN.test(name) || !/^[\t\x20-\x7e]*$/.test(value)) {
      throw new Refusal(`the header "${name}" has characters that no header may have`);
    }
    lines.push(`${name}: ${value}`);
  }
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

/**
 * Reads the answer to a request with `key` and gives the bytes behind it, which belong to the first frames.
 * @throws {Refusal} when it opens no WebSocket, or its headers are longer than 16 KiB.
 */
export async function readAnswer(conn: Pick<Deno.Conn, "read">, key: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_ANSWER_BYTES);
  const latin1 = new TextDecoder("latin1"); // One character for each byte, so that positions agree.
  let head = "";
  while (head.length < bytes.length) {
    const count = await conn.read(bytes.subarray(head.length));
    if (count === null) throw new Refusal("the server hung up without an answer");
    const searched = Math.max(0, head.length - 3);
    head += latin1.decode(bytes.subarray(head.length, head.length + count));
    const end = head.indexOf("\r\n\r\n", searched);
    if (end >= 0) {
      await checkAnswer(head.slice(0, end), key);
      return bytes.subarray(end + 4, head.length);
    }
  }
  throw new Refusal(`the headers of the answer are longer than ${MAX_ANSWER_BYTES} bytes`);
}

async function checkAnswer(head: string, key: string): Promise<void> {
  const [statusLine = "", ...lines] = head.split("\r\n");
  const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw new Refusal("the answer is not HTTP/1.1");
  if (status !== "101") throw new Refusal(`the server answered ${status}`, Number(status));
  const headers = readHeaders(lines);
  const connection = headers.get("connection")?.toLowerCase().split(",").map((token) => token.trim());
  if (headers.get("upgrade")?.toLowerCase() !== "websocket" || !connection?.includes("upgrade")) {
    throw new Refusal("the answer does not upgrade to a WebSocket");
  }
  const salted = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const accept = encodeBase64(await crypto.subtle.digest("SHA-1", salted));
  if (headers.get("sec-websocket-accept") !== accept) throw new Refusal("the answer accepts another key");
  if (headers.has("sec-websocket-extensions") || headers.has("sec-websocket-protocol")) {
    throw new Refusal("the answer has an extension or a subprotocol that was not offered");
  }
}

function readHeaders(lines: string[]): Headers {
  try {
    return new Headers(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      if (colon < 0) throw new TypeError("no colon");
      return [line.slice(0, colon), line.slice(colon + 1)];
    }));
  } catch (cause) {
    throw new Refusal(`the answer has a broken header (${cause instanceof Error ? cause.message : cause})`);
  }
}

/** What to do about a refusal. */
export function remedy(status = 0): string {
  if (status === 401 || status === 403) return "check the credentials";
  if (status === 429) return "wait, then try again";
  if (status >= 500) return "try again later";
  if (status >= 300 && status < 400) return "give the address it redirects to";
  return "check the address, the headers and the network";
}
