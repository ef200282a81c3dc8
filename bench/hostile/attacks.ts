import { adminAttacks } from "./admin_attacks.ts";
import type { Attack, Target } from "./attack.ts";
import { httpAttacks } from "./http_attacks.ts";
import { streamAttacks } from "./stream_attacks.ts";
import { webhookAttacks } from "./webhook_attacks.ts";

/** All kinds of attacks. */
export async function attacksAgainst(target: Target): Promise<Attack[]> {
  return [
    ...httpAttacks(target),
    ...webhookAttacks(target),
    ...adminAttacks(target),
    ...await streamAttacks(target),
  ];
}
