import { assertEquals } from "@std/assert";
import { checkPort, checkPublicAddress } from "../../src/check/reachability.ts";
import { checkStreamSignature, checkWebhookSignature } from "../../src/check/signature_enforcement.ts";
import { configOf, TestService } from "../support/service.ts";
import { freePort } from "../support/free_port.ts";
import { network, TOKEN } from "./stub_service.ts";

Deno.test("the real service passes the checks of port, address and signatures", async () => {
  const port = String(freePort());
  const env = { PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}`, TWILIO_AUTH_TOKEN: TOKEN };
  await using service = new TestService(env);
  assertEquals((await checkPort(configOf(env), network)).state, "ours");
  assertEquals((await checkPublicAddress(env.PUBLIC_URL, service.url, network)).level, "ok");
  assertEquals((await checkWebhookSignature(TOKEN, env.PUBLIC_URL, network)).level, "ok");
  assertEquals((await checkStreamSignature(TOKEN, env.PUBLIC_URL, network)).level, "ok");
  assertEquals((await service.logged("request refused")).reason, "signature");
  assertEquals(service.events("call announced"), [], "no call, no model session");
});
