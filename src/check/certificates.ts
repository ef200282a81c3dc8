/** How long certificates are good for, and whether those of TLS_CERT_FILE will do. */

import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Clock } from "../clock.ts";
import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";
import { type Network, NoAnswer } from "./network.ts";
import { shownCertificate } from "./tls.ts";

const DAY_MS = 86_400_000;
/** Certificates that renew by themselves are renewed a month before. */
const SOON_DAYS = 14;
const RENEW = "renew it; certbot and Caddy do so by themselves, see why they did not";

/** The certificate Twilio sees. Whether it is trusted is what reaching the address says; this is about its dates. */
export async function checkPublicCertificate(publicUrl: string, network: Network): Promise<Finding> {
  const line = "certificate";
  const url = new URL(publicUrl);
  if (url.protocol !== "https:") return notChecked(line, "PUBLIC_URL does not begin with https://");
  try {
    const certificate = await shownCertificate(url, network);
    return judge(line, certificate, url.hostname, network.clock);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return notChecked(line, `${url.host} showed none: ${error.message}`, error.remedy);
  }
}

/** What TLS_CERT_FILE and TLS_KEY_FILE hold: the certificate first, then its chain, and the key of the certificate. */
export interface CertificateFiles {
  readonly certificates: string;
  readonly key: string;
}

/** Judges the files TLS is spoken with. */
export function checkCertificateFile(
  { certificates, key }: CertificateFiles,
  publicUrl: string | undefined,
  clock: Clock,
): Finding {
  const line = "certificate file";
  let chain: X509Certificate[];
  try {
    const blocks = certificates.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
    chain = blocks.map((block) => new X509Certificate(block));
  } catch {
    chain = [];
  }
  const [own, ...others] = chain;
  if (!own) return failed(line, "TLS_CERT_FILE holds no certificate (PEM)", "name fullchain.pem there");
  if (!isKeyOf(own, key)) {
    return failed(
      line,
      "the key in TLS_KEY_FILE is not that of the first certificate in TLS_CERT_FILE",
      "name privkey.pem and fullchain.pem of one certificate; its own certificate comes first",
    );
  }
  const broken = chain.findIndex((certificate, i) => {
    const next = chain[i + 1];
    return next !== undefined && certificate.issuer !== next.subject;
  });
  if (broken >= 0) {
    return failed(
      line,
      `certificate ${broken + 1} in TLS_CERT_FILE was not issued by the one after it`,
      "put them in order: the service's own, then each one's issuer, as fullchain.pem has them",
    );
  }
  const judged = judge(
    line,
    own,
    publicUrl === undefined ? undefined : new URL(publicUrl).hostname,
    clock,
  );
  if (judged.level === "ok" && others.length === 0 && own.issuer !== own.subject) {
    return warning(
      line,
      "TLS_CERT_FILE holds no certificate of the issuer, so Twilio may not trust it",
      "name fullchain.pem there, not cert.pem",
    );
  }
  return judged;
}

/** @param host Name it has to be for, if any. */
function judge(
  line: string,
  certificate: X509Certificate,
  host: string | undefined,
  clock: Clock,
): Finding {
  const now = clock.wallTime();
  const [from, until] = [certificate.validFrom, certificate.validTo].map((date) => Date.parse(date));
  if (from === undefined || until === undefined || Number.isNaN(from + until)) {
    return notChecked(line, "its dates cannot be read");
  }
  const day = new Date(until).toISOString().slice(0, 10);
  const days = Math.floor((until - now) / DAY_MS);
  if (now < from) {
    const found = `not valid before ${new Date(from).toISOString().slice(0, 16)}Z`;
    return failed(line, found, "set the clock of this machine, or wait");
  }
  if (now >= until) return failed(line, `expired on ${day}`, RENEW);
  if (host !== undefined && !isFor(certificate, host)) {
    const found = `it is for ${
      JSON.stringify(certificate.subjectAltName ?? certificate.subject)
    }, not for ${host}`;
    return failed(line, found, "get one for the name in PUBLIC_URL");
  }
  if (days < SOON_DAYS) return warning(line, `expires on ${day}; days left: ${days}`, RENEW);
  return ok(line, `valid until ${day}; days left: ${days}`);
}

function isFor(certificate: X509Certificate, host: string): boolean {
  // Deno before 2.9 has no check for addresses; Twilio is given names.
  if (isIP(host.replace(/^\[|\]$/g, "")) !== 0) return true;
  // Deno compares letter by letter, so the one label a wildcard stands for is put in its place.
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
