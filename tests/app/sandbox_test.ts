import { assertEquals, assertRejects } from "@std/assert";
import { StartError } from "../../src/app/confined.ts";
import { trySandbox } from "../../src/app/sandbox.ts";
import { startService } from "../../src/app/service.ts";
import { configOf } from "../support/service.ts";

Deno.test("what the service must not do, it cannot do", async () => {
  const folder = await Deno.makeTempDir();
  assertEquals(await trySandbox(configOf(), folder), []);
  assertEquals([...Deno.readDirSync(folder)], []);
  // The same attempts, where they are allowed: they are real.
  const allowed = await trySandbox(configOf({ DATA_DIR: folder, HOST: "0.0.0.0", PORT: "0" }), folder);
  assertEquals(allowed, ["write outside of DATA_DIR", "listen on another port"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a service in its own thread answers, drains, and says why it cannot start", async () => {
  const config = configOf({ PORT: "0", LOG_LEVEL: "error", OPENAI_REALTIME_URL: "ws://127.0.0.1:9" });
  // It may not go where the check has to go: it asks who started it.
  const found = [{ line: "port", level: "ok" as const, found: "free" }];
  const service = await startService(config, undefined, () => Promise.resolve(found));
  assertEquals((await (await fetch(`${service.url}/healthz`)).json()).status, "ok");
  assertEquals(await (await fetch(`${service.url}/api/check`)).json(), { lines: found });
  const taken = await assertRejects(
    () => startService({ ...config, PORT: Number(new URL(service.url).port) }, undefined),
    StartError,
  );
  assertEquals(taken.portTaken, true);
  service.tell({ reload: config.assistants });
  service.tell("drain");
  assertEquals(await service.stopped, 0);
  const unreadable = { ...config, TLS_CERT_FILE: "/nowhere/cert.pem", TLS_KEY_FILE: "/nowhere/key.pem" };
  const { portTaken, message } = await assertRejects(() => startService(unreadable, undefined), StartError);
  assertEquals([portTaken, message.includes("/nowhere/cert.pem")], [false, true]);
});

Deno.test("a check that breaks off is no check that found nothing", async () => {
  const config = configOf({ PORT: "0", LOG_LEVEL: "error", OPENAI_API_KEY: "sk-secret" });
  const service = await startService(config, undefined, () => Promise.reject(new Error("no sk-secret")));
  const { lines } = await (await fetch(`${service.url}/api/check`)).json();
  assertEquals(lines, [{ line: "check", level: "failed", found: "broke off: Error: no [secret]" }]);
  service.tell("drain");
  await service.stopped;
});
