import { assert, assertEquals } from "@std/assert";
import { handle } from "../examples/tool_server.ts";
import { receiver } from "../examples/webhook_receiver.ts";
import { WebhookSigner } from "../src/webhooks/webhook_signature.ts";
import { passScript } from "../src/simulator/mod.ts";
import { serviceWith } from "./simulator/script/served.ts";
import { runConcurrently } from "./support/concurrent_tests.ts";

const SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const path = (name: string) => new URL(`../examples/${name}`, import.meta.url).pathname;

const REHEARSALS = [
  ["dentist.jsonc", "dentist_books.jsonc"],
  ["restaurant.jsonc", "restaurant_transfers.jsonc"],
  ["reminder.jsonc", "reminder_confirms.jsonc"],
] as const;

Deno.test("examples pass their rehearsals", async (context) => {
  const toolServer = Deno.serve({ hostname: "127.0.0.1", port: 8790, onListen() {} }, handle);
  const rehearsals = REHEARSALS.map(([assistants, script]) => ({
    name: `${assistants} passes ${script}`,
    fn: async () => {
      const serve = serviceWith({ ASSISTANTS_FILE: path(assistants), WEBHOOK_SECRET: SECRET });
      await passScript(path(script), { serve });
    },
  }));
  await runConcurrently(context, rehearsals);
  await toolServer.shutdown();
});

const BODY = JSON.stringify({ type: "call.ended", data: { callSid: "CA1" } });

/** A receiver's responses to a webhook signed by Parley, and to the same with another body. */
async function answersOf(send: (headers: Record<string, string>, body: string) => Promise<Response>) {
  const headers = new WebhookSigner(SECRET).headers("msg_1", Date.now(), BODY);
  const statuses: number[] = [];
  for (const body of [BODY, BODY.replace("CA1", "CA2")]) {
    const response = await send(headers, body);
    await response.body?.cancel();
    statuses.push(response.status);
  }
  return statuses;
}

Deno.test("examples/webhook_receiver.ts accepts Parley's signature and rejects a changed body", async () => {
  const receive = receiver(SECRET);
  const url = "http://localhost/";
  assertEquals(
    await answersOf((headers, body) => receive(new Request(url, { method: "POST", headers, body }))),
    [
      204,
      401,
    ],
  );
});

Deno.test("examples/webhook_receiver.py accepts Parley's signature and rejects a changed body", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const python = new Deno.Command("python3", {
    args: [path("webhook_receiver.py")],
    env: { WEBHOOK_SECRET: SECRET, PORT: String(port) },
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await listening(port);
    const send = (headers: Record<string, string>, body: string) =>
      fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body });
    assertEquals(await answersOf(send), [204, 401]);
  } finally {
    python.kill();
    await python.status;
  }
});

/** Resolves when something listens on this port of loopback, within 10 s. */
async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  assert(false, `nothing listens on port ${port}`);
}
