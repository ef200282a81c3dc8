import { assertEquals, assertThrows } from "@std/assert";
import { startTemporaryService } from "../../src/cli/temporary_service.ts";
import { configOf } from "../support/service.ts";

Deno.test("startTemporaryService() writes nothing to DATA_DIR, and leaves no temporary folder", async () => {
  const scratch = await Deno.makeTempDir();
  const config = { ...configOf({}), DATA_DIR: `${scratch}/data`, PORT: 0 };
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", scratch);
  try {
    const service = startTemporaryService(config);
    assertEquals([...Deno.readDirSync(scratch)].map(({ name }) => name.slice(0, 7)), ["parley-"]);
    const port = Number(new URL(service.url).port);
    assertThrows(() => startTemporaryService({ ...config, PORT: port }), Deno.errors.AddrInUse);
    await service.close();
    assertEquals([...Deno.readDirSync(scratch)], []);
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    await Deno.remove(scratch, { recursive: true });
  }
});
