import { assertEquals } from "@std/assert";
import { handle } from "../examples/tool_server.ts";
import { receiver } from "../examples/webhook_receiver.ts";
import { WebhookSigner } from "../src/webhooks/webhook_signature.ts";
import { passScript } from "../src/simulator/mod.ts";
import { serviceWith } from "./simulator/script/served.ts";
import { runConcurrently } from "./support/concurrent_tests.ts";
import { freePort } from "./support/free_port.ts";
import { poll } from "./support/wait_until.ts";

const SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const EXAMPLES = new URL("../examples/", import.meta.url);

const REHEARSALS = [
  ["dentist.jsonc", "dentist_books.jsonc"],
  ["restaurant.jsonc", "restaurant_transfers.jsonc"],
  ["reminder.jsonc", "reminder_confirms.jsonc"],
] as const;

Deno.test("examples pass their rehearsals", async (context) => {
  await using toolServer = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);
  const folder = await Deno.makeTempDir();
  for (const { name } of Deno.readDirSync(EXAMPLES)) {
    const text = Deno.readTextFileSync(new URL(name, EXAMPLES));
    Deno.writeTextFileSync(`${folder}/${name}`, text.replaceAll(":8790/", `:${toolServer.addr.port}/`));
  }
  const rehearsals = REHEARSALS.map(([assistants, script]) => ({
    name: `${assistants} passes ${script}`,
    fn: async () => {
      const env = { ASSISTANTS_FILE: `${folder}/${assistants}`, WEBHOOK_SECRET: SECRET };
      await passScript(`${folder}/${script}`, serviceWith(env));
    },
  }));
  await runConcurrently(context, rehearsals);
  await Deno.remove(folder, { recursive: true });
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
    [204, 401],
  );
});

Deno.test("examples/webhook_receiver.py accepts Parley's signature and rejects a changed body", async () => {
  const port = freePort();
  const python = new Deno.Command("python3", {
    args: [new URL("webhook_receiver.py", EXAMPLES).pathname],
    env: { WEBHOOK_SECRET: SECRET, PORT: String(port) },
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const connect = () => Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    (await poll("the receiver", connect, 30_000)).close();
    const send = (headers: Record<string, string>, body: string) =>
      fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body });
    assertEquals(await answersOf(send), [204, 401]);
  } finally {
    python.kill();
    await python.status;
  }
});
