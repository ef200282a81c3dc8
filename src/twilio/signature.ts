import { Buffer } from "node:buffer";
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";

/** The parts of a request that Twilio signs. */
export interface SignedRequest {
  /** Value of `X-Twilio-Signature`. */
  readonly signature: string;
  /** Path and query, byte for byte as requested. */
  readonly path: string;
  /** Form parameters; empty for other bodies. */
  readonly parameters?: Iterable<readonly [string, string]>;
  /** A body that is not a form; its SHA-256 is in the query parameter `bodySHA256`. */
  readonly body?: Uint8Array;
}

/**
 * Verifies that requests come from Twilio, for one account and one public URL.
 *
 * Twilio signs the URL it was configured with and includes or omits the port by rules of its own. The check therefore
 * tries several forms of the public URL; it never uses the host of the request, which a proxy may have changed.
 *
 * Source: https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export class SignatureCheck {
  readonly #key: KeyObject;
  readonly #webhookUrls: readonly string[];
  readonly #streamUrls: readonly string[];

  /** @param publicUrl `https://…` without a trailing slash. */
  constructor(authToken: string, publicUrl: string) {
    this.#key = createSecretKey(authToken, "utf8");
    this.#webhookUrls = urlVariants(publicUrl);
    this.#streamUrls = urlVariants(publicUrl.replace(/^http/, "ws"));
  }

  /** Whether Twilio signed this webhook or callback. */
  webhook({ signature, path, parameters = [], body }: SignedRequest): boolean {
    if (!SIGNATURE.test(signature)) return false;
    if (body !== undefined) {
      const hash = new URLSearchParams(path.split("?")[1]).get("bodySHA256");
      if (hash !== createHash("sha256").update(body).digest("hex")) return false;
    }
    const signed = concatenated(parameters);
    return this.#matches(signature, this.#webhookUrls.map((url) => url + path + signed));
  }

  /** Whether Twilio signed this media-stream handshake, which has no parameters. */
  handshake({ signature, path }: SignedRequest): boolean {
    if (!SIGNATURE.test(signature)) return false;
    const [stream = "", ...otherPorts] = this.#streamUrls;
    const urls = [stream + path, `${stream}${path}/`, ...otherPorts.map((url) => url + path)];
    return this.#matches(signature, [...urls, this.#webhookUrls[0] + path]);
  }

  #matches(signature: string, candidates: string[]): boolean {
    const received = Buffer.from(signature);
    // Most likely URL first. Which candidate matched is not secret.
    return candidates.some((signed) =>
      timingSafeEqual(Buffer.from(createHmac("sha1", this.#key).update(signed).digest("base64")), received)
    );
  }
}

/** Base64 of a SHA-1. `timingSafeEqual` needs equal lengths. */
const SIGNATURE = /^[\w+/]{27}=$/;

/** The forms of a base URL: as configured, without its port, and with the scheme's default port. */
function urlVariants(base: string): string[] {
  const [, scheme = "", host = "", port, prefix = ""] =
    /^(\w+:\/\/)(\[[^\]]*\]|[^:/]*)(:\d+)?(.*)$/.exec(base) ?? [];
  const defaultPort = scheme === "https://" || scheme === "wss://" ? ":443" : ":80";
  return [...new Set([port ?? "", "", port ?? defaultPort])].map((port) => scheme + host + port + prefix);
}

/** Names in code-unit order, each followed by its value; duplicate values of a name once, sorted. */
function concatenated(parameters: Iterable<readonly [string, string]>): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of parameters) {
    const existing = values.get(name);
    if (existing) existing.add(value);
    else values.set(name, new Set([value]));
  }
  return [...values.keys()].sort().map((name) =>
    [...values.get(name) ?? []].sort().map((value) => name + value).join("")
  )
    .join("");
}
