import { assertEquals, assertThrows } from "@std/assert";
import { stateFile } from "../../src/app/state_file.ts";

Deno.test("stateFile() keeps its text across a restart, in a file of mode 600", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/data/spending.json`;
  const file = stateFile(`${folder}/data`, "spending.json");
  assertEquals(file.read(), undefined);
  await file.write("{}");
  await file.write('{"a":1}');
  assertEquals(stateFile(`${folder}/data`, "spending.json").read(), '{"a":1}');
  assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  assertEquals([...Deno.readDirSync(`${folder}/data`)].map(({ name }) => name), ["spending.json"]);
  file.quarantine();
  assertEquals([file.read(), Deno.readTextFileSync(`${path}.broken`)], [undefined, '{"a":1}']);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("stateFile() throws when the file exists but cannot be read", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/spending.json`);
  assertThrows(() => stateFile(folder, "spending.json").read());
  await Deno.remove(folder, { recursive: true });
});
