import { assertEquals, assertThrows } from "@std/assert";
import { budgetFile } from "../../src/app/budget_file.ts";

Deno.test("sums survive a restart, in a file of their own that nobody else reads", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/data/spending.json`;
  const file = budgetFile(`${folder}/data`, "spending.json");
  assertEquals(file.read(), undefined);
  await file.write("{}");
  await file.write('{"a":1}');
  assertEquals(budgetFile(`${folder}/data`, "spending.json").read(), '{"a":1}');
  assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  assertEquals([...Deno.readDirSync(`${folder}/data`)].map(({ name }) => name), ["spending.json"]);
  file.setAside();
  assertEquals([file.read(), Deno.readTextFileSync(`${path}.broken`)], [undefined, '{"a":1}']);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("sums that are there and cannot be read are not taken for none", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/spending.json`);
  assertThrows(() => budgetFile(folder, "spending.json").read());
  await Deno.remove(folder, { recursive: true });
});
