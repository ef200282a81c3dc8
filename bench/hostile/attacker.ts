/**
 * Makes all attacks; a process of its own, so that it does not stop the clock of who measures. hostile.ts starts it, writes
 * an {@linkcode Order} to its standard input, and reads lines of JSON: {@linkcode Line}.
 */

import { assault, type Made, type Target } from "./attack.ts";
import { attacksOn } from "./attacks.ts";

/** What to attack, and how much. */
export interface Order {
  readonly target: Target;
  readonly share: number;
  readonly spreadMs: number;
}

/** What it tells. */
export type Line =
  | { readonly type: "progress"; readonly made: number; readonly of: number }
  | { readonly type: "done"; readonly made: readonly Made[] };

if (import.meta.main) {
  const { target, ...options }: Order = JSON.parse(await new Response(Deno.stdin.readable).text());
  const tell = (line: Line) => console.log(JSON.stringify(line));
  const progress = (made: number, of: number) => {
    if (made % 2_000 === 0) tell({ type: "progress", made, of });
  };
  tell({ type: "done", made: await assault(await attacksOn(target), { ...options, progress }) });
  Deno.exit();
}
