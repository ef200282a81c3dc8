/**
 * A WebSocket client (RFC 6455) for text messages, optimized for many small frames with low latency.
 *
 * Deno's own client leaves Nagle's algorithm on and has no option for it: each frame waits until the one before it is
 * acknowledged, which is one network round trip. Measured in docs/design/model-socket.md.
 */

import { encodeBase64 } from "@std/encoding/base64";
import { type Clock, systemClock } from "../../clock.ts";
import { messageOf } from "../../error_message.ts";
import { connect } from "../../net/connect.ts";
import { writeAll } from "../../net/http_exchange.ts";
import {
  ConnectError,
  parseWebSocketUrl,
  readUpgradeResponse,
  UpgradeError,
  upgradeRemedy,
  upgradeRequest,
} from "./upgrade.ts";
import type { PingOptions } from "./ping_monitor.ts";
import { type SocketHandlers, WebSocketClient } from "./web_socket_client.ts";

export { ConnectError, type SocketHandlers, WebSocketClient };

export interface ConnectOptions extends PingOptions {
  handlers: SocketHandlers;
  /** Additional request headers, for example credentials. */
  headers?: Record<string, string>;
  /** Time limit for DNS, TCP, TLS and the upgrade together (ms). Default: 10,000. */
  timeoutMs?: number;
  /** Maximum message size (bytes of UTF-8). Default: 4 MiB. */
  maxMessageBytes?: number;
  /** Cancels connecting; has no effect on an open socket. */
  signal?: AbortSignal;
  /** PEM certificates to trust in addition to the system's. */
  caCerts?: string[];
  clock?: Clock;
}

/**
 * Opens a WebSocket to a `ws:` or `wss:` URL. Does not follow redirects; offers no extension or subprotocol.
 *
 * @throws {ConnectError} if the WebSocket cannot be opened.
 */
export async function connectWebSocket(url: string, options: ConnectOptions): Promise<WebSocketClient> {
  const { headers = {}, timeoutMs = 10_000, maxMessageBytes = 4 * 1024 * 1024, caCerts } = options;
  const clock = options.clock ?? systemClock;
  const target = parseWebSocketUrl(url);
  const timeout = new AbortController();
  const cancelTimeout = clock.after(timeoutMs, () => timeout.abort());
  const signal = options.signal ? AbortSignal.any([options.signal, timeout.signal]) : timeout.signal;
  try {
    const key = encodeBase64(crypto.getRandomValues(new Uint8Array(16)));
    const request = upgradeRequest(target, key, headers);
    const onTcp = (tcp: Deno.TcpConn) => tcp.setNoDelay(true);
    const { conn, first } = await connect(target, { signal, caCerts, onTcp }, async (conn) => {
      await writeAll(conn, request);
      return { conn, first: await readUpgradeResponse(conn, key) };
    });
    return new WebSocketClient(conn, first, { ...options, clock, maxMessageBytes });
  } catch (cause) {
    const status = cause instanceof UpgradeError ? cause.status : undefined;
    const reason = options.signal?.aborted
      ? "it was cancelled"
      : timeout.signal.aborted
      ? `it took longer than ${timeoutMs} ms; check the address and the network`
      : `${messageOf(cause)}; ${upgradeRemedy(status)}`;
    // Without the query, which may contain a secret.
    throw new ConnectError(
      `Cannot connect to "${target.origin}${target.pathname}": ${reason}`,
      status,
      cause,
    );
  } finally {
    cancelTimeout();
  }
}
