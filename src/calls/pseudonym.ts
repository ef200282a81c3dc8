import { createHmac } from "node:crypto";
import { BoundedMap } from "../bounded_map.ts";

/** Number of callers whose pseudonym is kept in memory: each call needs it several times. */
const MAX_KNOWN = 1_000;

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
  const known = new BoundedMap<string, string>(MAX_KNOWN);
  return (caller) => {
    const pseudonym = known.get(caller) ?? createHmac("sha256", key).update(caller).digest("hex");
    known.set(caller, pseudonym);
    return pseudonym;
  };
}
