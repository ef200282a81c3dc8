/** Checks that the service can listen on its port, and that PUBLIC_URL leads to it. */

import { listenFailure } from "../error_message.ts";
import type { Config } from "../config/config.ts";
import { failed, type Finding, ok, warning } from "./finding.ts";
import { type Network, request, RequestFailure } from "./requests.ts";
import { fetchHealthHeaders } from "./tls_probe.ts";

/** Response header of `/healthz` with the random id of the process, which identifies the instance. */
const INSTANCE_HEADER = "x-parley-instance";

export interface PortState {
  readonly finding: Finding;
  readonly state: "free" | "ours" | "taken";
}

/** Checks whether HOST and PORT are free, or in use by Parley itself. */
export async function checkPort(config: Config, network: Network): Promise<PortState> {
  const { HOST, PORT } = config;
  const address = `${HOST}:${PORT}`;
  try {
    Deno.listen({ hostname: HOST, port: PORT }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      if (await fetchInstanceId(localUrl(config), network) !== undefined) {
        return { finding: ok("port", `Parley already listens on ${address}`), state: "ours" };
      }
      const remedy = "stop that program or set another PORT";
      return { finding: failed("port", `another program listens on ${address}`, remedy), state: "taken" };
    }
    const { reason, remedy } = listenFailure(error);
    return { finding: failed("port", `cannot listen on ${address}: ${reason}`, remedy), state: "taken" };
  }
  const finding = PORT === 0
    ? warning(
      "port",
      "the port differs at every start",
      "set PORT to the port your proxy or tunnel forwards to",
    )
    : ok("port", `${address} is free`);
  return { finding, state: "free" };
}

/** URL at which this machine reaches the service that listens on HOST and PORT. */
export function localUrl({ HOST, PORT, TLS_CERT_FILE }: Config): string {
  const host = HOST === "0.0.0.0" ? "127.0.0.1" : HOST === "::" ? "::1" : HOST;
  return `${TLS_CERT_FILE === undefined ? "http" : "https"}://${
    host.includes(":") ? `[${host}]` : host
  }:${PORT}`;
}

/**
 * Compares the instance ids behind the local address and PUBLIC_URL. Both requests start on this machine, so
 * a router that treats its own network differently can hide a problem.
 */
export async function checkPublicAddress(
  publicUrl: string,
  local: string,
  network: Network,
): Promise<Finding> {
  const check = "public address";
  const localId = await fetchInstanceId(local, network);
  if (localId === undefined) return failed(check, `the service does not respond at ${local}`, "see its log");
  const url = `${publicUrl}/healthz`;
  const startedAt = network.clock.now();
  try {
    const { status, headers } = await request(url, network);
    const publicId = headers.get(INSTANCE_HEADER);
    if (publicId === localId) {
      const elapsedMs = Math.round(network.clock.now() - startedAt);
      return ok(check, `${publicUrl} leads to this service (${elapsedMs} ms)`);
    }
    if (publicId !== null) {
      return failed(
        check,
        `${publicUrl} leads to another instance of Parley, not the one at ${local}`,
        "run the check on that machine, or forward the URL to this one",
      );
    }
    return unexpectedResponse(check, publicUrl, local, status, headers.get("location"));
  } catch (error) {
    if (!(error instanceof RequestFailure)) throw error;
    return failed(check, `${publicUrl} cannot be reached: ${error.message}`, error.remedy);
  }
}

function unexpectedResponse(
  check: string,
  publicUrl: string,
  local: string,
  status: number,
  location: string | null,
): Finding {
  if (status >= 502 && status <= 504) {
    return failed(
      check,
      `the proxy or tunnel at ${publicUrl} responds with ${status}: it cannot reach the service`,
      `forward it to ${local}`,
    );
  }
  if (status >= 300 && status < 400) {
    const to = JSON.stringify(location ?? "");
    const remedy = "set PUBLIC_URL to that URL: Twilio does not follow redirects of a media stream";
    return failed(check, `${publicUrl} redirects to ${to}`, remedy);
  }
  return failed(
    check,
    `another program responds at ${publicUrl} (status ${status} for /healthz)`,
    `check PUBLIC_URL including its path, and that the proxy or tunnel forwards to ${local}`,
  );
}

/** Fetches the instance id from a URL; undefined if Parley does not respond there. */
async function fetchInstanceId(url: string, network: Network): Promise<string | undefined> {
  try {
    // The certificate is for the public name, not for this machine's address.
    const secure = url.startsWith("https:");
    const headers = secure
      ? await fetchHealthHeaders(new URL(url), network)
      : (await request(`${url}/healthz`, network)).headers;
    return headers.get(INSTANCE_HEADER) ?? undefined;
  } catch (error) {
    if (error instanceof RequestFailure) return undefined;
    throw error;
  }
}
