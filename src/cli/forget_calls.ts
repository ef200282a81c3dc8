import { basename, dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { counted } from "../counted.ts";
import { escapeUnprintable } from "../printable.ts";
import { findNumber, forgetNumber, type NumberMatches } from "../records/deletion.ts";
import type { CallsIo } from "./calls_command.ts";
import { EXIT, type ExitCode } from "./exit_code.ts";

/** `parley calls --forget`: deletes everything stored about a number, after a confirmation. */
export async function forgetCalls(
  db: DatabaseSync,
  number: string,
  yes: boolean,
  io: CallsIo,
): Promise<ExitCode> {
  const matches = findNumber(db, number);
  const { calls, mentions } = matches;
  const webhooks = await io.forgetWebhooks?.(number, true) ?? 0;
  const none = calls.length + mentions.length + webhooks === 0;
  io.out(
    none
      ? `Nothing stored about ${escapeUnprintable(number)}\n`
      : `Found ${describe(matches, webhooks, number)}\n`,
  );
  for (const name of corruptFiles(io.path)) {
    io.err(`${escapeUnprintable(name)} is corrupt and was not searched. Delete it if it is not needed.\n`);
  }
  if (none) return EXIT.ok;
  if (!yes && !io.isTerminal) {
    io.err("Nothing was deleted. Confirm with --yes.\n");
    return EXIT.failed;
  }
  if (!yes && !io.confirm("Delete them permanently?")) {
    io.out("Nothing was deleted\n");
    return EXIT.failed;
  }
  // Recordings first: they are found through their calls.
  await io.deleteRecordings?.(calls);
  const deleted = forgetNumber(db, number);
  // A call that ended meanwhile.
  await io.deleteRecordings?.(deleted.calls.filter((callSid) => !calls.includes(callSid)));
  await io.forgetWebhooks?.(number, false);
  io.out(`Deleted ${describe(deleted, webhooks, number)}\n`);
  return EXIT.ok;
}

function describe({ calls, mentions }: NumberMatches, webhooks: number, number: string): string {
  const own = `${counted(calls.length, "call")} from or to ${escapeUnprintable(number)}`;
  const undelivered = webhooks === 0 ? "" : ` and ${counted(webhooks, "undelivered webhook")}`;
  return `${own}, and its mentions in ${counted(mentions.length, "other call")}${undelivered}`;
}

/** Corrupt databases that were renamed, beside the present one. */
function corruptFiles(path: string): string[] {
  const start = `${basename(path)}.broken-`;
  return [...Deno.readDirSync(dirname(path))].map(({ name }) => name).filter((name) =>
    name.startsWith(start)
  );
}
