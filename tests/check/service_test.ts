import { assertEquals } from "@std/assert";
import { checkPort, checkReach } from "../../src/check/reach.ts";
import { checkHandshake, checkWebhook } from "../../src/check/round_trip.ts";
import { configOf, TestService } from "../support/service.ts";
import { freePort, network, TOKEN } from "./stand_in.ts";

Deno.test("the service itself passes", async () => {
  const port = String(freePort());
  const env = { PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}`, TWILIO_AUTH_TOKEN: TOKEN };
  await using service = new TestService(env);
  assertEquals((await checkPort(configOf(env), network)).is, "ours");
  assertEquals((await checkReach(env.PUBLIC_URL, service.url, network)).level, "ok");
  assertEquals((await checkWebhook(TOKEN, env.PUBLIC_URL, network)).level, "ok");
  assertEquals((await checkHandshake(TOKEN, env.PUBLIC_URL, network)).level, "ok");
  assertEquals((await service.logged("request refused")).why, "signature");
  assertEquals(service.events("call announced"), [], "no call, no model session");
});
