/** TLS connections for reading what a server shows, trusted or not; nothing secret is ever sent over one. */

import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { type Network, TIMEOUT_MS, whyNot } from "./network.ts";

/**
 * The certificate a server shows.
 *
 * @throws {NoAnswer}
 */
export async function shownCertificate(url: URL, { clock }: Network): Promise<X509Certificate> {
  return await withSocket(url, clock, (socket, resolve) => {
    resolve(new X509Certificate(socket.getPeerCertificate().raw));
  });
}

/**
 * The headers of `/healthz` of a service on this machine, whose certificate is for another name.
 *
 * @throws {NoAnswer}
 */
export async function healthOverTls(url: URL, { clock }: Network): Promise<Headers> {
  return await withSocket(url, clock, (socket, resolve) => {
    let answer = "";
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      answer += text;
      if (answer.includes("\r\n\r\n")) resolve(readHeaders(answer));
    });
    socket.write(`GET /healthz HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`);
  });
}

async function withSocket<T>(
  url: URL,
  clock: Network["clock"],
  then: (socket: TLSSocket, resolve: (value: T) => void) => void,
): Promise<T> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const socket = connect({
    host,
    port: Number(url.port) || 443,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: false,
  }, () => {
    try {
      then(socket, resolve);
    } catch (error) {
      reject(whyNot(error, false));
    }
  });
  const closed = new Promise<void>((done) => socket.on("close", () => done()));
  socket.on("error", (error) => reject(whyNot(error, false)));
  socket.on("close", () => reject(whyNot(new Error("the connection was closed"), false)));
  const cancel = clock.after(TIMEOUT_MS, () => reject(whyNot(undefined, true)));
  try {
    return await promise;
  } finally {
    cancel();
    socket.destroy();
    await closed;
  }
}

function readHeaders(answer: string): Headers {
  const [head = ""] = answer.split("\r\n\r\n");
  const headers = new Headers();
  for (const line of head.split("\r\n").slice(1)) {
    const [, name, value = ""] = /^([\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name !== undefined) headers.append(name, value);
  }
  return headers;
}
