/** Sends raw bytes and reads the response. */

import { openNativeWebSocket } from "../../tests/support/native_web_socket.ts";

/** Timeout of a response (ms); the service sends some after ten seconds. */
const RESPONSE_TIMEOUT_MS = 20_000;
/** The same after `holdUntil` (ms). */
const HELD_TIMEOUT_MS = 100;

/** Variations of an exchange. */
export interface ExchangeOptions {
  /** Disconnect immediately without reading. */
  readonly leave?: boolean;
  /** Text sent at an interval until the response. */
  readonly drip?: { readonly text: string; readonly everyMs: number };
  /** Read nothing before this resolves. */
  readonly holdUntil?: Promise<void>;
}

/**
 * Sends bytes on a new connection; never throws.
 *
 * @returns the HTTP status; `closed` when the server disconnected without a response, `silent` when it did neither,
 * `no connection`, or `left`.
 */
export async function exchange(
  port: number,
  bytes: string | Uint8Array<ArrayBuffer>,
  { leave = false, drip, holdUntil }: ExchangeOptions = {},
): Promise<string> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
  if (!conn) return "no connection";
  conn.setNoDelay(true);
  // Not awaited: a server that refuses a long body stops reading, and its response is still readable.
  const sent = write(conn, typeof bytes === "string" ? encode(bytes) : bytes);
  if (leave) await sent;
  const dripping = drip && setInterval(() => void write(conn, encode(drip.text)), drip.everyMs);
  await holdUntil;
  const status = leave ? "left" : await readStatus(conn, holdUntil ? HELD_TIMEOUT_MS : RESPONSE_TIMEOUT_MS);
  clearInterval(dripping);
  closeQuietly(conn);
  await sent;
  return status;
}

const encode = (text: string) => new TextEncoder().encode(text);

async function write(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
  } catch {
    // The server has disconnected.
  }
}

async function readStatus(conn: Deno.Conn, timeoutMs: number): Promise<string> {
  let late = false;
  const timeout = setTimeout(() => {
    late = true;
    closeQuietly(conn);
  }, timeoutMs);
  const head = new Uint8Array(4_096);
  try {
    const length = await conn.read(head) ?? 0;
    const text = new TextDecoder().decode(head.subarray(0, length));
    return /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? "closed";
  } catch {
    return late ? "silent" : "closed";
  } finally {
    clearTimeout(timeout);
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Already closed.
  }
}

/** The text of an HTTP/1.1 request, with the length of its body. */
export function requestText(line: string, headers: Readonly<Record<string, string>>, body?: string): string {
  const length = body === undefined ? {} : { "content-length": `${encode(body).length}` };
  const lines = Object.entries({ host: "phone.example.com", ...headers, ...length });
  const head = [`${line} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  return `${head.join("\r\n")}\r\n\r\n${body ?? ""}`;
}

/** Headers of a media stream's handshake except the signature. */
export const UPGRADE: Readonly<Record<string, string>> = {
  "upgrade": "websocket",
  "connection": "upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/**
 * Opens a media stream's socket, runs `send` once it is open, and waits for its close.
 *
 * @returns close code and reason; the HTTP status of a refused handshake; or `no connection`.
 */
export async function openSocket(
  port: number,
  headers: Record<string, string>,
  send: (socket: WebSocket) => void | Promise<void> = () => {},
): Promise<string> {
  const socket = openNativeWebSocket(`ws://127.0.0.1:${port}/media-stream`, { headers });
  let refusal: string | undefined;
  const closed = new Promise<string>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve(refusal ?? `${code} ${reason}`.trim());
  });
  await new Promise<void>((resolve) => {
    socket.onopen = () => resolve();
    socket.onerror = (event) => {
      const status = /status code: (\d{3})/.exec(event instanceof ErrorEvent ? event.message : "")?.[1];
      refusal = status ?? "no connection";
      resolve();
    };
  });
  // Later errors are reported by the close.
  socket.onerror = () => {};
  if (refusal === undefined) await send(socket);
  return await closed;
}
