/** The HTTP request that opens a WebSocket, and the response that grants or refuses it (RFC 6455, 4.1). */

import { encodeBase64 } from "@std/encoding/base64";
import { isHeaderSyntax, ResponseReader } from "../../net/http_exchange.ts";

const RESERVED_HEADER = /^(host|upgrade|connection|content-length|transfer-encoding|sec-websocket-.*)$/i;

/** The WebSocket could not be opened. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  /** HTTP status if the server refused the upgrade. */
  readonly status?: number;

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { cause });
    if (status !== undefined) this.status = status;
  }
}

/**
 * Parses the URL of a WebSocket.
 *
 * @throws {ConnectError} if it is not a valid `ws:` or `wss:` URL, without showing it: it may contain secrets.
 */
export function parseWebSocketUrl(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target?.protocol !== "ws:" && target?.protocol !== "wss:") {
    throw new ConnectError(
      'Cannot connect to the model: its address is not a WebSocket URL. Use one like "wss://host/path".',
    );
  }
  if (target.username !== "" || target.password !== "" || target.hash !== "") {
    throw new ConnectError(
      "Cannot connect to the model: its address has a user, a password or a fragment. Remove it.",
    );
  }
  return target;
}

/** The request cannot be sent, or the response does not grant the upgrade. */
export class UpgradeError extends Error {
  override readonly name = "UpgradeError";

  /** @param status HTTP status of the refusal. */
  constructor(message: string, readonly status?: number) {
    super(message);
  }
}

/**
 * The upgrade request, which offers no extension and no subprotocol.
 *
 * @throws {UpgradeError} if a header is invalid, without showing its value.
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
    if (RESERVED_HEADER.test(name)) {
      throw new UpgradeError(`the header "${name}" is set by the upgrade itself`);
    }
    if (!isHeaderSyntax(name, value)) throw new UpgradeError(`the header "${name}" has invalid characters`);
    lines.push(`${name}: ${value}`);
  }
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

/**
 * Reads the response to {@linkcode upgradeRequest}.
 *
 * @param key The `Sec-WebSocket-Key` that was sent.
 * @returns the bytes after the response, which belong to the first frames.
 * @throws {UpgradeError} if the response does not open the WebSocket.
 * @throws {HttpResponseError} if it is malformed, incomplete or longer than 16 KiB.
 */
export async function readUpgradeResponse(conn: Pick<Deno.Conn, "read">, key: string): Promise<Uint8Array> {
  const reader = new ResponseReader(conn);
  const { version, status, headers } = await reader.head();
  if (version !== "1.1") throw new UpgradeError("the response is not HTTP/1.1");
  if (status !== 101) throw new UpgradeError(`the server answered ${status}`, status);
  const connection = headers.get("connection")?.toLowerCase().split(",").map((token) => token.trim());
  if (headers.get("upgrade")?.toLowerCase() !== "websocket" || !connection?.includes("upgrade")) {
    throw new UpgradeError("the response does not upgrade to a WebSocket");
  }
  const salted = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const accept = encodeBase64(await crypto.subtle.digest("SHA-1", salted));
  if (headers.get("sec-websocket-accept") !== accept) {
    throw new UpgradeError("the response accepts another key");
  }
  if (headers.has("sec-websocket-extensions") || headers.has("sec-websocket-protocol")) {
    throw new UpgradeError("the response has an extension or a subprotocol that was not offered");
  }
  return reader.unread;
}

/** Remedies for a refused upgrade, by HTTP status. */
export function upgradeRemedy(status = 0): string {
  if (status === 401 || status === 403) return "check the credentials";
  if (status === 429) return "wait, then try again";
  if (status >= 500) return "try again later";
  if (status >= 300 && status < 400) return "use the address it redirects to";
  return "check the address, the headers and the network";
}
