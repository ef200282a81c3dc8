import type { SpendingFile } from "../call/spending.ts";

/** Sums in a file of this folder, which is made with it. */
export function spendingFile(folder: string): SpendingFile {
  const path = `${folder}/spending.json`;
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
