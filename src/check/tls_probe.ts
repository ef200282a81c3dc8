/** TLS connections that accept any certificate, to inspect a server. Nothing secret is sent over them. */

import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { type Network, TIMEOUT_MS, toRequestFailure } from "./requests.ts";

/**
 * Fetches the certificate that a server presents, trusted or not.
 *
 * @throws {NoAnswer}
 */
export async function fetchPeerCertificate(url: URL, { clock }: Network): Promise<X509Certificate> {
  return await withSocket(url, clock, (socket, resolve) => {
    resolve(new X509Certificate(socket.getPeerCertificate().raw));
  });
}

/**
 * Fetches the headers of `/healthz` from a service on this machine, whose certificate is for another name.
 *
 * @throws {NoAnswer}
 */
export async function fetchHealthHeaders(url: URL, { clock }: Network): Promise<Headers> {
  return await withSocket(url, clock, (socket, resolve) => {
    let response = "";
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      response += text;
      if (response.includes("\r\n\r\n")) resolve(readHeaders(response));
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
      reject(toRequestFailure(error, false));
    }
  });
  const closed = new Promise<void>((done) => socket.on("close", () => done()));
  socket.on("error", (error) => reject(toRequestFailure(error, false)));
  socket.on("close", () => reject(toRequestFailure(new Error("the connection was closed"), false)));
  const cancel = clock.after(TIMEOUT_MS, () => reject(toRequestFailure(undefined, true)));
  try {
    return await promise;
  } finally {
    cancel();
    socket.destroy();
    await closed;
  }
}

function readHeaders(response: string): Headers {
  const [head = ""] = response.split("\r\n\r\n");
  const headers = new Headers();
  for (const line of head.split("\r\n").slice(1)) {
    const [, name, value = ""] = /^([\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name !== undefined) headers.append(name, value);
  }
  return headers;
}
