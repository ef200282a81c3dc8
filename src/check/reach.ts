/** Whether the port is ours to listen on, and whether PUBLIC_URL leads to this very service. */

import type { Config } from "../config/config.ts";
import { failed, type Finding, ok, warning } from "./finding.ts";
import { ask, type Network, NoAnswer } from "./network.ts";
import { healthOverTls } from "./tls.ts";

/** Random for each process that serves: tells it from any other. */
export const INSTANCE_HEADER = "x-parley-instance";

export interface PortState {
  readonly finding: Finding;
  readonly is: "free" | "ours" | "taken";
}

/** Looks whether the service can listen where it should, or does already. */
export async function checkPort(config: Config, network: Network): Promise<PortState> {
  const { HOST, PORT } = config;
  const place = `${HOST}:${PORT}`;
  try {
    Deno.listen({ hostname: HOST, port: PORT }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      if (await instanceAt(localUrl(config), network) !== undefined) {
        return { finding: ok("port", `Parley listens on ${place} already`), is: "ours" };
      }
      const remedy = "stop it or set another PORT";
      return { finding: failed("port", `another program listens on ${place}`, remedy), is: "taken" };
    }
    const why = error instanceof Error ? error.message : String(error);
    const remedy =
      "set HOST to an address of this machine, and PORT to one from 1024 on or run with the right";
    return { finding: failed("port", `cannot listen on ${place}: ${why}`, remedy), is: "taken" };
  }
  const finding = PORT === 0
    ? warning("port", "a different one at every start", "set PORT to the one your proxy or tunnel leads to")
    : ok("port", `${place} is free`);
  return { finding, is: "free" };
}

/** Where this machine reaches the service that listens on HOST and PORT. */
export function localUrl({ HOST, PORT, TLS_CERT_FILE }: Config): string {
  const host = HOST === "0.0.0.0" ? "127.0.0.1" : HOST === "::" ? "::1" : HOST;
  return `${TLS_CERT_FILE === undefined ? "http" : "https"}://${
    host.includes(":") ? `[${host}]` : host
  }:${PORT}`;
}

/**
 * Asks the service who it is, here and through PUBLIC_URL. The way out and back in is that of this machine: a router that
 * sends its own network another way than the world can still deceive.
 */
export async function checkReach(publicUrl: string, local: string, network: Network): Promise<Finding> {
  const line = "public address";
  const mine = await instanceAt(local, network);
  if (mine === undefined) return failed(line, `the service does not answer at ${local}`, "see its log");
  const url = `${publicUrl}/healthz`;
  const startedAt = network.clock.now();
  try {
    const { status, headers } = await ask(url, network);
    const theirs = headers.get(INSTANCE_HEADER);
    if (theirs === mine) {
      const took = Math.round(network.clock.now() - startedAt);
      return ok(line, `${publicUrl} leads to this service (${took} ms)`);
    }
    if (theirs !== null) {
      return failed(
        line,
        `${publicUrl} leads to another Parley than the one at ${local}`,
        "run the check where that one runs, or lead the address here",
      );
    }
    return otherAnswer(line, publicUrl, local, status, headers.get("location"));
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return failed(line, `${publicUrl} cannot be reached: ${error.message}`, error.remedy);
  }
}

function otherAnswer(
  line: string,
  publicUrl: string,
  local: string,
  status: number,
  location: string | null,
): Finding {
  if (status >= 502 && status <= 504) {
    return failed(
      line,
      `a proxy or tunnel at ${publicUrl} answers ${status}: it cannot reach the service`,
      `lead it to ${local}`,
    );
  }
  if (status >= 300 && status < 400) {
    const to = JSON.stringify(location ?? "");
    const remedy = "set PUBLIC_URL to where it leads: Twilio follows no redirect to a media stream";
    return failed(line, `${publicUrl} redirects to ${to}`, remedy);
  }
  return failed(
    line,
    `another program answers at ${publicUrl} (${status} at /healthz)`,
    `check PUBLIC_URL, its path included, and that the proxy or tunnel leads to ${local}`,
  );
}

/** What the service at an address calls itself; undefined if none of ours answers. */
async function instanceAt(url: string, network: Network): Promise<string | undefined> {
  try {
    // Its certificate is for another name than the one of this machine.
    const secure = url.startsWith("https:");
    const headers = secure
      ? await healthOverTls(new URL(url), network)
      : (await ask(`${url}/healthz`, network)).headers;
    return headers.get(INSTANCE_HEADER) ?? undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return undefined;
    throw error;
  }
}
