/** Checks the validity of the public certificate, and of the files TLS_CERT_FILE and TLS_KEY_FILE. */

import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Clock } from "../clock.ts";
import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";
import { type Network, RequestFailure } from "./requests.ts";
import { fetchPeerCertificate } from "./tls_probe.ts";

const DAY_MS = 86_400_000;
/** Automatic renewal runs about 30 days before expiry: with this many days left, it has failed. */
const WARNING_DAYS = 14;
const RENEWAL_REMEDY = "renew it; if certbot or Caddy should have renewed it, see their logs";

/** Checks dates and name of the certificate at PUBLIC_URL, but not whether it is trusted. */
export async function checkPublicCertificate(publicUrl: string, network: Network): Promise<Finding> {
  const check = "certificate";
  const url = new URL(publicUrl);
  if (url.protocol !== "https:") return notChecked(check, "PUBLIC_URL does not start with https://");
  try {
    const certificate = await fetchPeerCertificate(url, network);
    return checkValidity(check, certificate, url.hostname, network.clock);
  } catch (error) {
    if (!(error instanceof RequestFailure)) throw error;
    const problem = error.kind === "tls" ? "presented no certificate" : "cannot be reached";
    return notChecked(check, `${url.host} ${problem}: ${error.message}`, error.remedy);
  }
}

export interface CertificateFiles {
  /** The service's certificate first, then its chain (PEM). */
  readonly certificates: string;
  /** Private key of the first certificate (PEM). */
  readonly key: string;
}

/** Checks that certificate, chain and key belong together, and the certificate's dates and name. */
export function checkCertificateFile(
  { certificates, key }: CertificateFiles,
  publicUrl: string | undefined,
  clock: Clock,
): Finding {
  const check = "certificate file";
  let chain: X509Certificate[];
  try {
    const blocks = certificates.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
    chain = blocks.map((block) => new X509Certificate(block));
  } catch {
    chain = [];
  }
  const [own, ...issuers] = chain;
  if (!own) return failed(check, "TLS_CERT_FILE contains no certificate (PEM)", "set it to fullchain.pem");
  if (!isKeyOf(own, key)) {
    return failed(
      check,
      "the key in TLS_KEY_FILE does not belong to the first certificate in TLS_CERT_FILE",
      "use privkey.pem and fullchain.pem of the same certificate, with the service's own certificate first",
    );
  }
  const misplaced = chain.findIndex((certificate, i) => {
    const next = chain[i + 1];
    return next !== undefined && certificate.issuer !== next.subject;
  });
  if (misplaced >= 0) {
    return failed(
      check,
      `certificate ${misplaced + 1} in TLS_CERT_FILE was not issued by the one after it`,
      "order them as in fullchain.pem: the service's own certificate first, each followed by its issuer, then TLS_CA_FILE",
    );
  }
  const validity = checkValidity(
    check,
    own,
    publicUrl === undefined ? undefined : new URL(publicUrl).hostname,
    clock,
  );
  if (validity.level === "ok" && issuers.length === 0 && own.issuer !== own.subject) {
    return warning(
      check,
      "TLS_CERT_FILE lacks the certificate of the issuer, so Twilio may not trust it",
      "set it to fullchain.pem, not cert.pem, or set TLS_CA_FILE to the authority's CA bundle",
    );
  }
  return validity;
}

/** @param host Name that the certificate must cover; undefined: names are not checked. */
function checkValidity(
  check: string,
  certificate: X509Certificate,
  host: string | undefined,
  clock: Clock,
): Finding {
  const now = clock.wallTime();
  const [from, until] = [certificate.validFrom, certificate.validTo].map((date) => Date.parse(date));
  if (from === undefined || until === undefined || Number.isNaN(from + until)) {
    return notChecked(check, "cannot parse the certificate's dates");
  }
  const day = new Date(until).toISOString().slice(0, 10);
  const days = Math.floor((until - now) / DAY_MS);
  if (now < from) {
    const problem = `not valid before ${new Date(from).toISOString().slice(0, 16)}Z`;
    return failed(check, problem, "set this machine's clock, or wait");
  }
  if (now >= until) return failed(check, `expired on ${day}`, RENEWAL_REMEDY);
  if (host !== undefined && !coversHost(certificate, host)) {
    const names = JSON.stringify(certificate.subjectAltName ?? certificate.subject);
    const problem = `it is for ${names}, not for ${host}`;
    return failed(check, problem, "get a certificate for the host in PUBLIC_URL");
  }
  if (days < WARNING_DAYS) return warning(check, `expires on ${day}; days left: ${days}`, RENEWAL_REMEDY);
  return ok(check, `valid until ${day}; days left: ${days}`);
}

function coversHost(certificate: X509Certificate, host: string): boolean {
  // Deno before 2.9 cannot check IP addresses; public URLs have host names.
  if (isIP(host.replace(/^\[|\]$/g, "")) !== 0) return true;
  // Deno does not match wildcards, so the first label is also replaced by a wildcard.
  const names = [host, host.replace(/^[^.]+/, "*")];
  return names.some((name) => certificate.checkHost(name) !== undefined);
}

/** Compares public keys: Deno before 2.9 has no `checkPrivateKey`. */
function isKeyOf(certificate: X509Certificate, key: string): boolean {
  try {
    const spki = { type: "spki", format: "der" } as const;
    return createPublicKey(createPrivateKey(key)).export(spki).equals(certificate.publicKey.export(spki));
  } catch {
    return false;
  }
}
