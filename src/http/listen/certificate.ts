import { X509Certificate } from "node:crypto";

/** Where a certificate and its key are kept, both PEM. */
export interface CertificateFiles {
  /** With the certificates of its chain behind it. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate with its chain, and its private key: PEM, as `Deno.serve` takes them. */
export interface KeyPair extends CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate that cannot be used. The message names the setting, the file and the remedy; never the key. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/**
 * Reads a certificate and its key. Two small files, so that nothing is gained by not waiting for them.
 *
 * @throws {CertificateError} when one of them cannot be read.
 */
export function readKeyPair({ certFile, keyFile }: CertificateFiles): KeyPair {
  return { certFile, keyFile, cert: read("TLS_CERT_FILE", certFile), key: read("TLS_KEY_FILE", keyFile) };
}

function read(setting: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound
      ? "it does not exist"
      : error instanceof Deno.errors.NotCapable
      ? "Parley was not granted it"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new CertificateError(
      `${setting}: cannot read ${JSON.stringify(path)}: ${why}; name a PEM file that this user may read`,
    );
  }
}

/**
 * When a certificate ends.
 *
 * @param wallTime Now, in milliseconds since 1970.
 * @throws {CertificateError} when it has ended, has not begun, or is none.
 */
export function endOf({ cert, certFile }: KeyPair, wallTime: number): Date {
  const file = JSON.stringify(certFile);
  let dates: { from: Date; to: Date };
  try {
    const { validFrom, validTo } = new X509Certificate(cert);
    dates = { from: new Date(validFrom), to: new Date(validTo) };
  } catch {
    throw new CertificateError(`TLS_CERT_FILE: no certificate was found in ${file}; give one in PEM form`);
  }
  const { from, to } = dates;
  if (wallTime >= to.getTime()) {
    throw new CertificateError(`TLS_CERT_FILE: ${file} ended on ${day(to)}; renew the certificate`);
  }
  if (wallTime < from.getTime()) {
    throw new CertificateError(
      `TLS_CERT_FILE: ${file} begins on ${day(from)}; set this machine's clock, or wait`,
    );
  }
  return to;
}

/** Says in our words what TLS has against a pair. */
export function misfit({ certFile, keyFile }: KeyPair, error: unknown): CertificateError {
  const why = error instanceof Error ? error.message : String(error);
  return new CertificateError(
    `TLS_CERT_FILE, TLS_KEY_FILE: ${JSON.stringify(certFile)} and ${
      JSON.stringify(keyFile)
    } are no usable pair (${why}); ` +
      "give the certificate with its chain, and its own key without a passphrase",
  );
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
