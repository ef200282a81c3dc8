import { adminAttacks } from "./admin_attacks.ts";
import type { Attack, Target } from "./attack.ts";
import { httpAttacks } from "./http_attacks.ts";
import { streamAttacks } from "./stream_attacks.ts";
import { webhookAttacks } from "./webhook_attacks.ts";

/** All kinds of attacks. @param only Only those whose name contains one of these texts. */
export async function attacksAgainst(target: Target, only: readonly string[] = [""]): Promise<Attack[]> {
  const all = [
    ...httpAttacks(target),
    ...webhookAttacks(target),
    ...adminAttacks(target),
    ...await streamAttacks(target),
  ];
  return all.filter(({ name }) => only.some((text) => name.includes(text)));
}
