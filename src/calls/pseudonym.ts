import { createHash } from "node:crypto";

/** A name for a caller that is stable and is not the number: who spent what is no list of telephone numbers. */
export function anonymise(caller: string): string {
  return createHash("sha256").update(caller).digest("hex");
}
