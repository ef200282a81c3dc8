import { Buffer } from "node:buffer";
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";

/** A request as Twilio signed it. */
export interface SignedRequest {
  /** What `X-Twilio-Signature` says. */
  readonly signature: string;
  /** Path and query, byte for byte as they were asked for. */
  readonly path: string;
  /** Parameters of a form; empty for anything else. */
  readonly parameters?: Iterable<readonly [string, string]>;
  /** Body that is no form: the query then has its hash, `bodySHA256`. */
  readonly body?: Uint8Array;
}

/**
 * Checks that requests come from Twilio, for one account and one public address.
 *
 * Twilio signs the address it was configured with, which a proxy may have changed since; and it leaves the port out, or
 * writes it, by rules of its own. So a few spellings of the one address are tried; the host is never taken from a request.
 * Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export class SignatureCheck {
  readonly #key: KeyObject;
  readonly #webhooks: readonly string[];
  readonly #streams: readonly string[];

  /** @param publicUrl `https://…` without a trailing slash. */
  constructor(authToken: string, publicUrl: string) {
    this.#key = createSecretKey(authToken, "utf8");
    this.#webhooks = spellings(publicUrl);
    this.#streams = spellings(publicUrl.replace(/^http/, "ws"));
  }

  /** Whether a webhook or a callback is Twilio's. */
  webhook({ signature, path, parameters = [], body }: SignedRequest): boolean {
    if (body !== undefined) {
      const hash = new URLSearchParams(path.split("?")[1]).get("bodySHA256");
      if (hash !== createHash("sha256").update(body).digest("hex")) return false;
    }
    const signed = concatenated(parameters);
    return this.#matches(signature, this.#webhooks.map((url) => url + path + signed));
  }

  /** Whether a media stream's handshake is Twilio's. It has no parameters. */
  handshake({ signature, path }: SignedRequest): boolean {
    const [stream = "", ...otherPorts] = this.#streams;
    const urls = [stream + path, `${stream}${path}/`, ...otherPorts.map((url) => url + path)];
    return this.#matches(signature, [...urls, this.#webhooks[0] + path]);
  }

  #matches(signature: string, candidates: string[]): boolean {
    // What cannot be a SHA-1 in base64 needs no comparing.
    if (!/^[\w+/]{27}=$/.test(signature)) return false;
    const given = Buffer.from(signature);
    // The likeliest spelling is first; which one it was is no secret.
    return candidates.some((signed) =>
      timingSafeEqual(Buffer.from(createHmac("sha1", this.#key).update(signed).digest("base64")), given)
    );
  }
}

/** An address without a path: as it is configured, without its port, and with the one it stands for. */
function spellings(base: string): string[] {
  const [, scheme = "", host = "", port, prefix = ""] =
    /^(\w+:\/\/)(\[[^\]]*\]|[^:/]*)(:\d+)?(.*)$/.exec(base) ?? [];
  const usual = scheme === "https://" || scheme === "wss://" ? ":443" : ":80";
  return [...new Set([port ?? "", "", port ?? usual])].map((port) => scheme + host + port + prefix);
}

/** Names in code-unit order, each followed by its value; several values of one name once each, in order. */
function concatenated(parameters: Iterable<readonly [string, string]>): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of parameters) {
    const known = values.get(name);
    if (known) known.add(value);
    else values.set(name, new Set([value]));
  }
  return [...values.keys()].sort().map((name) =>
    [...values.get(name) ?? []].sort().map((value) => name + value).join("")
  )
    .join("");
}
