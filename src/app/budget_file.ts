import type { BudgetFile } from "../calls/budget.ts";
import { unlessMissingSync } from "../file_error.ts";

/**
 * Stores a budget's spent amounts in `folder/name`, mode 600. `write()` creates the folder and replaces the
 * file atomically.
 */
export function budgetFile(folder: string, name: string): BudgetFile {
  const path = `${folder}/${name}`;
  return {
    read: () => unlessMissingSync(() => Deno.readTextFileSync(path)),
    async write(text) {
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
      await Deno.rename(`${path}.new`, path);
    },
    quarantine: () => Deno.renameSync(path, `${path}.broken`),
  };
}
