import type { BudgetFile } from "../calls/budget.ts";

/**
 * Stores a budget's spent amounts in `folder/name`, mode 600. `write()` creates the folder and replaces the
 * file atomically.
 */
export function budgetFile(folder: string, name: string): BudgetFile {
  const path = `${folder}/${name}`;
  return {
    read() {
      try {
        return Deno.readTextFileSync(path);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    },
    async write(text) {
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
      await Deno.rename(`${path}.new`, path);
    },
    quarantine: () => Deno.renameSync(path, `${path}.broken`),
  };
}
