import { messageOf } from "../../error_message.ts";
import { fileErrorReason } from "../../file_error.ts";
import { X509Certificate } from "node:crypto";

/** Paths of a certificate and its private key, both PEM. */
export interface CertificateFiles {
  /** The certificate, followed by its chain unless `caFile` has it. */
  readonly certFile: string;
  readonly keyFile: string;
  /** The certificates of the authority, in a file of their own. */
  readonly caFile?: string | undefined;
}

/** A certificate with its chain and its private key: PEM texts, as `Deno.serve` takes them. */
export interface KeyPair extends CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** The certificate cannot be used. The message names the setting, the file and the remedy; never the key. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/**
 * Reads a certificate and its key, synchronously: both files are small.
 *
 * @throws {CertificateError} when one of them cannot be read.
 */
export function readKeyPair({ certFile, keyFile, caFile }: CertificateFiles): KeyPair {
  const cert = read("TLS_CERT_FILE", certFile);
  const key = read("TLS_KEY_FILE", keyFile);
  return { certFile, keyFile, cert: caFile === undefined ? cert : `${cert}\n${readBundle(caFile)}`, key };
}

function readBundle(path: string): string {
  const bundle = read("TLS_CA_FILE", path);
  if (bundle.includes("-----BEGIN CERTIFICATE-----")) return bundle;
  throw new CertificateError(
    `TLS_CA_FILE: ${JSON.stringify(path)} does not contain a PEM certificate; name a file that does`,
  );
}

function read(setting: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new CertificateError(
      `${setting}: cannot read ${JSON.stringify(path)}: ${
        fileErrorReason(error)
      }; name a PEM file that this user may read`,
    );
  }
}

/**
 * Returns when a certificate expires.
 *
 * @param wallTime The current time (ms since 1970).
 * @throws {CertificateError} when it has expired, is not valid yet, or is not a certificate.
 */
export function certificateExpiry({ cert, certFile }: KeyPair, wallTime: number): Date {
  const file = JSON.stringify(certFile);
  let dates: { from: Date; to: Date };
  try {
    const { validFrom, validTo } = new X509Certificate(cert);
    dates = { from: new Date(validFrom), to: new Date(validTo) };
  } catch {
    throw new CertificateError(
      `TLS_CERT_FILE: ${file} does not contain a PEM certificate; name a file that does`,
    );
  }
  const { from, to } = dates;
  if (wallTime >= to.getTime()) {
    throw new CertificateError(`TLS_CERT_FILE: ${file} expired on ${day(to)}; renew the certificate`);
  }
  if (wallTime < from.getTime()) {
    throw new CertificateError(
      `TLS_CERT_FILE: ${file} is valid from ${day(from)}; correct this machine's clock, or wait`,
    );
  }
  return to;
}

/** The error for a certificate and key that TLS rejected. */
export function unusablePair({ certFile, keyFile }: KeyPair, error: unknown): CertificateError {
  const reason = messageOf(error);
  const files = `${JSON.stringify(certFile)} and ${JSON.stringify(keyFile)}`;
  return new CertificateError(
    `TLS_CERT_FILE, TLS_KEY_FILE: ${files} are not a usable pair (${reason}); ` +
      "name the certificate with its chain, and its own key without a passphrase",
  );
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
