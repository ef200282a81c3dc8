/** Options of {@linkcode connect}. */
export interface ConnectOptions {
  /** Closes the connection, even while it is being opened. */
  readonly signal: AbortSignal;
  /** PEM certificates to trust in addition to the system's. */
  readonly caCerts?: readonly string[] | undefined;
  /** Called before TLS and before any byte is sent; an error it throws closes the connection. */
  readonly onTcp?: (tcp: Deno.TcpConn) => void;
}

/**
 * Connects to a URL's host, with TLS for `https:` and `wss:`, and passes the connection to `use`.
 *
 * Closes the connection if `use` throws or `signal` aborts before it resolves. Otherwise the connection stays
 * open.
 *
 * @throws what `use` and `onTcp` throw, the signal's reason, or an error of `Deno.connect` or TLS.
 */
export async function connect<T>(
  url: URL,
  { signal, caCerts = [], onTcp }: ConnectOptions,
  use: (conn: Deno.Conn) => Promise<T>,
): Promise<T> {
  const secure = url.protocol === "https:" || url.protocol === "wss:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  let conn: Deno.Conn | undefined;
  const close = () => {
    try {
      conn?.close();
    } catch {
      // Already closed, or taken over by TLS.
    }
  };
  signal.addEventListener("abort", close);
  try {
    const tcp = conn = await Deno.connect({
      hostname,
      port: Number(url.port) || (secure ? 443 : 80),
      signal,
    });
    onTcp?.(tcp);
    if (secure) {
      const tls = conn = await Deno.startTls(tcp, {
        hostname,
        alpnProtocols: ["http/1.1"],
        caCerts: [...caCerts],
      });
      signal.throwIfAborted();
      await tls.handshake();
    }
    const result = await use(conn);
    signal.throwIfAborted();
    return result;
  } catch (error) {
    close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}
