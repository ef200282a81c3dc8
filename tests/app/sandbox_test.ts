import { assertEquals, assertRejects } from "@std/assert";
import { StartError } from "../../src/app/confined_worker.ts";
import { probeSandbox } from "../../src/app/sandbox.ts";
import { startService } from "../../src/app/service.ts";
import { FIRST, RenewedFiles } from "../support/certificates.ts";
import { configOf } from "../support/service.ts";

Deno.test("probeSandbox() finds no forbidden operation that the service worker may run", async () => {
  const folder = await Deno.makeTempDir();
  assertEquals(await probeSandbox(configOf(), folder), []);
  assertEquals([...Deno.readDirSync(folder)], []);
  // With permission, the same operations succeed, so the probe really tries them.
  const allowed = await probeSandbox(configOf({ DATA_DIR: folder, HOST: "0.0.0.0", PORT: "0" }), folder);
  assertEquals(allowed, ["list the folder that contains DATA_DIR", "write outside DATA_DIR"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("probeSandbox() finds nothing with TLS and with PORT=0, where ports are chosen at the start", async () => {
  const folder = await Deno.makeTempDir();
  using files = new RenewedFiles(FIRST);
  const tls = { TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile };
  for (const env of [tls, { PORT: "0" }, { ...tls, PORT: "0", HOST: "0.0.0.0" }]) {
    assertEquals(
      await probeSandbox(configOf({ ...env, DATA_DIR: `${folder}/data` }), `${folder}/x`),
      [],
      JSON.stringify(env),
    );
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("startService() serves, drains, and reports why it cannot start", async () => {
  const [data, otherData] = [await Deno.makeTempDir(), await Deno.makeTempDir()];
  const settings = { PORT: "0", LOG_LEVEL: "error", OPENAI_REALTIME_URL: "ws://127.0.0.1:9", DATA_DIR: data };
  const config = configOf(settings);
  // The service worker has too few permissions for the checks, so the main thread runs them.
  const findings = [{ check: "port", level: "ok" as const, message: "free" }];
  const service = await startService(config, undefined, () => Promise.resolve(findings));
  assertEquals((await (await fetch(`${service.url}/healthz`)).json()).status, "ok");
  assertEquals(await (await fetch(`${service.url}/api/check`)).json(), { findings });
  const portError = await assertRejects(
    () =>
      startService({ ...config, PORT: Number(new URL(service.url).port), DATA_DIR: otherData }, undefined),
    StartError,
  );
  assertEquals(portError.portTaken, true);
  const locked = await assertRejects(() => startService(config, undefined), StartError);
  assertEquals(
    locked.message,
    `DATA_DIR: another Parley uses "${data}"; stop it, or set another DATA_DIR for this one`,
  );
  service.send({ reload: config.assistants });
  service.send("drain");
  assertEquals(await service.stopped, 0);
  const unreadable = { ...config, TLS_CERT_FILE: "/nowhere/cert.pem", TLS_KEY_FILE: "/nowhere/key.pem" };
  const { portTaken, message } = await assertRejects(() => startService(unreadable, undefined), StartError);
  assertEquals([portTaken, message.includes("/nowhere/cert.pem")], [false, true]);
  for (const folder of [data, otherData]) await Deno.remove(folder, { recursive: true });
});

Deno.test("/api/check reports a check that failed, without secrets", async () => {
  const data = await Deno.makeTempDir();
  const config = configOf({ PORT: "0", LOG_LEVEL: "error", OPENAI_API_KEY: "sk-secret", DATA_DIR: data });
  const service = await startService(config, undefined, () => Promise.reject(new Error("no sk-secret")));
  const { findings } = await (await fetch(`${service.url}/api/check`)).json();
  assertEquals(findings, [{
    check: "check",
    level: "failed",
    message: "the check itself failed: Error: no [secret]",
  }]);
  service.send("drain");
  await service.stopped;
  await Deno.remove(data, { recursive: true });
});
