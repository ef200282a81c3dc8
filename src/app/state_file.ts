import type { StateFile } from "../calls/saved_state.ts";
import { unlessMissingSync } from "../file_error.ts";

/**
 * Stores budgets, counts and calls that go on at Twilio in `folder/name`, mode 600. `write()` creates the folder
 * and replaces the file atomically.
 */
export function stateFile(folder: string, name: string): StateFile {
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
