import { createHmac } from "node:crypto";

/** A stable name for a caller, in stored sums and for the model's provider. */
export type Pseudonym = (caller: string) => string;

/**
 * Names callers by the HMAC-SHA-256 of their number. A plain hash would be a list of phone numbers: there are so few that all
 * can be tried.
 *
 * @param key Of the installation; see {@linkcode installationKey}.
 * @returns 64 hexadecimal digits for each number.
 */
export function createPseudonym(key: Uint8Array): Pseudonym {
  return (caller) => createHmac("sha256", key).update(caller).digest("hex");
}
