/** `parley serve` on a file system without space: the phone must be answered all the same. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../support/free_port.ts";
import { parleyProcess } from "../support/parley_process.ts";
import { ChangeSignal } from "../support/wait_until.ts";

/** Whether this user may mount a file system of its own: Linux with user namespaces. */
const canMount = await new Deno.Command("unshare", { args: ["-rm", "true"], stderr: "null" }).output()
  .then(({ success }) => success, () => false);

const CASES: [name: string, mountOptions: string, prepare: string, warning: string][] = [
  ["its folder cannot be created", "nr_inodes=1", "true", "call database not open"],
  ["its folder exists, but no file can be created", "nr_inodes=2", "mkdir data", "call database not open"],
  ["a file can be created, but not filled", "size=4k", "echo > fill", "call database not open"],
];

for (const [name, mountOptions, prepare, warning] of CASES) {
  Deno.test({
    name: `serve answers calls on a full disk, with a warning: ${name}`,
    ignore: !canMount,
    async fn() {
      const folder = await Deno.makeTempDir();
      const port = freePort();
      const script = `mount -t tmpfs -o ${mountOptions} none disk && (cd disk && ${prepare}) && exec "$@"`;
      await Deno.mkdir(`${folder}/disk`);
      const process = parleyProcess(
        ["serve"],
        folder,
        { PORT: `${port}`, LOG_FORMAT: "json", DATA_DIR: "disk/data" },
        { stdin: "null", stdout: "piped", stderr: "null" },
        ["unshare", "-rm", "sh", "-c", script, "sh"],
      );
      const lines: string[] = [];
      const changes = new ChangeSignal();
      const reading = process.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
        new WritableStream({
          write(text) {
            lines.push(text);
            changes.notify();
          },
        }),
      );
      const text = () => lines.join("");
      try {
        await Promise.race([
          changes.until("the service to listen", () => text().includes('"listening"'), 30_000),
          reading,
        ]);
        assertStringIncludes(text(), '"listening"');
        assertStringIncludes(text(), warning);
        const response = await fetch(`http://127.0.0.1:${port}/incoming-call?CallSid=CA1`);
        assertStringIncludes(await response.text(), "<Connect");
        assertEquals(response.status, 200);
      } finally {
        try {
          process.kill("SIGKILL");
        } catch {
          // It has ended.
        }
        await Promise.all([reading, process.status]);
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
