import { assertEquals } from "@std/assert";
import { GreetingFiles } from "../../src/app/greeting_files.ts";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { createLog } from "../../src/telemetry/log.ts";

const key = (number: number) => String(number).padStart(64, "0");
const GREETING = { text: "Hello.", audio: new Uint8Array([1, 2, 255]) };

/** A log, and its lines. */
function setUp() {
  const lines: JsonObject[] = [];
  const log = createLog({
    level: "info",
    format: "json",
    write: (line) => lines.push(parseObject(line) ?? {}),
  });
  return { lines, log };
}

Deno.test("GreetingFiles keeps a greeting across restarts, readable by its user only", async () => {
  const folder = await Deno.makeTempDir();
  const { lines, log } = setUp();
  const files = new GreetingFiles(folder, log);
  files.add(key(1), GREETING);
  await files.close();
  assertEquals(new GreetingFiles(folder, log).find(key(1)), GREETING);
  const { mode } = await Deno.stat(`${folder}/greetings/${key(1)}.json`);
  assertEquals([(mode ?? 0) & 0o777, lines], [0o600, []]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("GreetingFiles keeps the newest 200 greetings", async () => {
  const folder = await Deno.makeTempDir();
  const { log } = setUp();
  const files = new GreetingFiles(folder, log);
  for (let number = 0; number < 201; number++) files.add(key(number), GREETING);
  await files.close();
  const names = [...Deno.readDirSync(`${folder}/greetings`)].map(({ name }) => name);
  assertEquals([names.length, names.includes(`${key(0)}.json`), files.find(key(0))], [200, false, undefined]);
  assertEquals(new GreetingFiles(folder, log).find(key(200)), GREETING);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("GreetingFiles that cannot write keeps the greeting in memory, and says why", async () => {
  const file = await Deno.makeTempFile();
  const { lines, log } = setUp();
  const files = new GreetingFiles(file, log);
  files.add(key(1), GREETING);
  await files.close();
  assertEquals(files.find(key(1)), GREETING);
  assertEquals(lines.some(({ event }) => event === "greeting not kept"), true);
  await Deno.remove(file);
});

Deno.test("GreetingFiles ignores files that are not greetings", async () => {
  const folder = await Deno.makeTempDir();
  const { log } = setUp();
  await Deno.mkdir(`${folder}/greetings`);
  await Deno.writeTextFile(`${folder}/greetings/${key(1)}.json`, '{"text":"Hel');
  await Deno.writeTextFile(`${folder}/greetings/notes.txt`, "x");
  const files = new GreetingFiles(folder, log);
  assertEquals(files.find(key(1)), undefined);
  files.add(key(1), GREETING);
  await files.close();
  assertEquals(new GreetingFiles(folder, log).find(key(1)), GREETING);
  await Deno.remove(folder, { recursive: true });
});
