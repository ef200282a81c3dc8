import { assertEquals } from "@std/assert";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { CALL_SID } from "../support/service_call.ts";
import { StreamClient } from "../support/stream_client.ts";
import { WebhookReceiver } from "../support/webhook_receiver.ts";

const ADMIN_TOKEN = "an-admin-token-for-tests";
const API_KEY = 'key-"of"-the-service';

/** Events of a call in which the model calls `book` after the caller has entered a PIN; `answer` gets the service's reply. */
async function toolEvents(env: Record<string, string>, answer: () => Response) {
  await using receiver = new WebhookReceiver(answer);
  await using model = new ScriptedModel();
  const file = {
    tools: {
      book: {
        description: "Books",
        method: "POST",
        url: `${receiver.url}/book`,
        headers: { authorization: "${TOOL_KEY}" },
        parameters: { type: "object", properties: { day: { type: "string" } } },
        body: { day: "{{day}}", pin: "{{secret.pin}}" },
      },
    },
    assistants: {
      a: {
        greeting: "",
        tools: ["book"],
        keypad: { secrets: { pin: { digits: 4 } } },
      },
    },
  };
  await using service = new TestService(
    {
      OPENAI_API_KEY: "sk-test-secret",
      OPENAI_REALTIME_URL: model.url,
      ADMIN_TOKEN,
      TOOL_KEY: API_KEY,
      ...env,
    },
    undefined,
    file,
  );
  const token = await service.announce(CALL_SID);
  const session = await model.session();
  await session.configure();
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL_SID, { token, from: "+15551230000" });
  await service.logged("stream started");
  session.callFunction("r1", "collect_digits", { args: { name: "pin" } });
  await service.logged("response");
  stream.press("4711");
  await session.functionOutput();
  session.callFunction("r2", "book", { args: { day: `monday 4711 ${"x".repeat(5_000)}` } });
  await service.logged("tool", 2);
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const record = await (await fetch(`${service.url}/api/calls/${CALL_SID}`, { headers })).json();
  const events: { kind: string; name: string; arguments?: string; result?: string }[] = record.events;
  return events.filter(({ kind, name }) => kind === "tool" && name === "book");
}

Deno.test("Record keeps a tool's arguments and result, shortened and without secrets", async () => {
  const [event] = await toolEvents({}, () => Response.json({ booked: true, echo: `4711 ${API_KEY}` }));
  assertEquals(event?.arguments?.slice(0, 27), '{"day":"monday [secret] xxx');
  assertEquals(event?.arguments?.length, 4_000);
  assertEquals(event?.result?.includes('"booked":true'), true);
  assertEquals(/4711|key-/.exec(JSON.stringify(event)), null);
});

Deno.test("RECORD_TOOL_DATA=off keeps no arguments and no results", async () => {
  const [event] = await toolEvents({ RECORD_TOOL_DATA: "off" }, () => Response.json({ booked: true }));
  assertEquals([event?.name, event?.arguments, event?.result], ["book", undefined, undefined]);
});
