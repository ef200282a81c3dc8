/**
 * Runs all attacks in its own process, so that they do not delay the measuring one. hostile.ts starts it, writes an
 * {@linkcode AttackOrder} to its standard input and reads an {@linkcode AttackerMessage} from each line of its output.
 */

import { type AttackResult, runAttacks, type Target } from "./attack.ts";
import { attacksAgainst } from "./attacks.ts";

/** Target and size of a run. */
export interface AttackOrder {
  readonly target: Target;
  readonly share: number;
  readonly spreadMs: number;
  /** Only attacks whose name contains one of these texts. */
  readonly only: readonly string[];
}

/** One line of output. */
export type AttackerMessage =
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | { readonly type: "done"; readonly results: readonly AttackResult[] };

if (import.meta.main) {
  const { target, only, ...options }: AttackOrder = JSON.parse(
    await new Response(Deno.stdin.readable).text(),
  );
  const print = (line: AttackerMessage) => console.log(JSON.stringify(line));
  const progress = (done: number, total: number) => {
    if (done % 2_000 === 0) print({ type: "progress", done, total });
  };
  const attacks = await attacksAgainst(target, only);
  print({ type: "done", results: await runAttacks(attacks, { ...options, progress }) });
  Deno.exit();
}
