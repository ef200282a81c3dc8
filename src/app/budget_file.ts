import type { BudgetFile } from "../calls/budget.ts";

/** Sums in a file of this folder, which is made with it. */
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
    setAside: () => Deno.renameSync(path, `${path}.broken`),
  };
}
