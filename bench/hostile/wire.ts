/** Bytes that no well-behaved client sends, and what comes back. */

/** How long an answer may take (ms): some are given only after ten seconds. */
const PATIENCE_MS = 20_000;
/** The same once the answer may be there already. */
const LAST_LOOK_MS = 100;

/** What to do besides sending and waiting for the answer. */
export interface ExchangeOptions {
  /** Hang up at once and read nothing. */
  readonly leave?: boolean;
  /** Sent again and again, so often (ms), until there is an answer. */
  readonly drip?: { readonly text: string; readonly everyMs: number };
  /** Read nothing before this has happened. */
  readonly holdUntil?: Promise<void>;
}

/**
 * Sends bytes on a connection of its own; never throws.
 *
 * @returns the status of the HTTP answer; `closed` where the server hung up without one, `silent` where it did neither,
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
  // Not awaited: a server that has refused a long body may stop to read, and what it said is there all the same.
  const sent = write(conn, typeof bytes === "string" ? encode(bytes) : bytes);
  if (leave) await sent;
  const dripping = drip && setInterval(() => void write(conn, encode(drip.text)), drip.everyMs);
  await holdUntil;
  const answer = leave ? "left" : await readStatus(conn, holdUntil ? LAST_LOOK_MS : PATIENCE_MS);
  clearInterval(dripping);
  shut(conn);
  await sent;
  return answer;
}

const encode = (text: string) => new TextEncoder().encode(text);

async function write(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
  } catch {
    // The server has hung up.
  }
}

async function readStatus(conn: Deno.Conn, patienceMs: number): Promise<string> {
  let late = false;
  const giveUp = setTimeout(() => {
    late = true;
    shut(conn);
  }, patienceMs);
  const head = new Uint8Array(4_096);
  try {
    const length = await conn.read(head) ?? 0;
    const text = new TextDecoder().decode(head.subarray(0, length));
    return /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? "closed";
  } catch {
    return late ? "silent" : "closed";
  } finally {
    clearTimeout(giveUp);
  }
}

function shut(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}

/** The text of an HTTP/1.1 request; a body is announced with its length. */
export function requestText(line: string, headers: Readonly<Record<string, string>>, body?: string): string {
  const length = body === undefined ? {} : { "content-length": `${encode(body).length}` };
  const lines = Object.entries({ host: "phone.example.com", ...headers, ...length });
  const head = [`${line} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  return `${head.join("\r\n")}\r\n\r\n${body ?? ""}`;
}

/** What the handshake of a media stream needs beside its signature. */
export const UPGRADE: Readonly<Record<string, string>> = {
  "upgrade": "websocket",
  "connection": "upgrade",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/**
 * Opens a media stream's socket, says something once it is open, and waits for its end.
 *
 * @returns code and reason with which it was closed; where the handshake was refused its status, or `no connection`.
 */
export async function openSocket(
  port: number,
  headers: Record<string, string>,
  say: (socket: WebSocket) => void | Promise<void> = () => {},
): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/media-stream`, { headers });
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
  // An error after this is told with the close.
  socket.onerror = () => {};
  if (refusal === undefined) await say(socket);
  return await closed;
}
