import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "./migrations.ts";

/** How long an `Idempotency-Key` is remembered (ms): 24 h. */
export const KEY_LIFETIME_MS = 86_400_000;

/** An earlier request with the same key. */
export interface EarlierPlacement {
  readonly sameRequest: boolean;
  /** JSON text; undefined when the process died before it had the answer. */
  readonly answer: string | undefined;
}

/**
 * Notes a `POST /calls` request before its call is placed. The file has hashes of the key and the request only.
 *
 * @param now Unix time (ms).
 * @returns the earlier request with this key, which is not noted again.
 */
export function beginPlacement(
  db: DatabaseSync,
  key: string,
  request: string,
  now: number,
): EarlierPlacement | undefined {
  const [keyHash, requestHash] = [hashOf(key), hashOf(`${key}\n${request}`)];
  return inTransaction(db, () => {
    db.prepare("DELETE FROM placements WHERE started_at <= ?").run(now - KEY_LIFETIME_MS);
    const earlier = db.prepare("SELECT request, answer FROM placements WHERE key = ?").get(keyHash);
    if (earlier) {
      const { request, answer } = earlier;
      return { sameRequest: request === requestHash, answer: answer === null ? undefined : String(answer) };
    }
    db.prepare("INSERT INTO placements (key, request, started_at) VALUES (?, ?, ?)")
      .run(keyHash, requestHash, now);
    return undefined;
  });
}

/** Notes the answer; without one, the key may be used again. */
export function endPlacement(db: DatabaseSync, key: string, answer: string | undefined): void {
  if (answer === undefined) db.prepare("DELETE FROM placements WHERE key = ?").run(hashOf(key));
  else db.prepare("UPDATE placements SET answer = ? WHERE key = ?").run(answer, hashOf(key));
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
