import { assertEquals } from "@std/assert";
import { StreamClient } from "../support/stream_client.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { type ReceivedRequest, WebhookReceiver } from "../support/webhook_receiver.ts";

/** Values that would change a URL, a header or a body if they were inserted as they are. */
const HOSTILE = { customer: 'a/b?c=d&e#"}{{caller}}', note: "Müller\r\nx-evil: 1", number: 42 };

/** Has the model call the tool `book` in a call of `from`; returns the request that the tool sent. */
async function requestOf(tool: object, args: object, from = "+15551230000"): Promise<ReceivedRequest> {
  await using receiver = new WebhookReceiver(() => Response.json(HOSTILE));
  await using model = new ScriptedModel();
  const properties = { day: { type: "string" } };
  const file = {
    tools: {
      book: {
        description: "Books",
        parameters: { type: "object", properties },
        ...tool,
        url: `${receiver.url}${Reflect.get(tool, "url")}`,
      },
    },
    assistants: { a: { greeting: "", tools: ["book"], variables: { url: `${receiver.url}/facts` } } },
  };
  const env = { OPENAI_API_KEY: "sk-test-secret", OPENAI_REALTIME_URL: model.url };
  await using service = new TestService(env, undefined, file);
  const token = await service.announce("CA1", from);
  const session = await model.session();
  await session.configure();
  await using stream = new StreamClient(service.streamUrl);
  await stream.start("CA1", { token, from });
  await service.logged("stream started");
  session.callFunction("r1", "book", { args });
  await session.functionOutput();
  return await receiver.request(2);
}

const NAMES = ["caller", "called", "call_sid", "customer", "number"];

Deno.test("HTTP tool sends the call's variables encoded in the path and the query", async () => {
  const { path } = await requestOf({
    url: "/c/{{caller}}/{{customer}}?to={{called}}&sid={{call_sid}}&customer={{customer}}&n={{number}}",
  }, { day: "mon" });
  const customer = encodeURIComponent(HOSTILE.customer);
  assertEquals(
    path,
    `/c/%2B15551230000/${customer}?to=%2B15559870000&sid=CA1&customer=${customer}&n=42&day=mon`,
  );
});

Deno.test("HTTP tool sends the call's variables in a JSON body as texts", async () => {
  const body = {
    who: "{{caller}}",
    text: "{{customer}} on {{day}}",
    ...Object.fromEntries(NAMES.map((n) => [n, `{{${n}}}`])),
  };
  const request = await requestOf({ method: "POST", url: "/", body }, { day: "{{caller}}" });
  assertEquals(request.body, {
    who: "+15551230000",
    text: `${HOSTILE.customer} on {{caller}}`,
    caller: "+15551230000",
    called: "+15559870000",
    call_sid: "CA1",
    customer: HOSTILE.customer,
    number: "42",
  });
});

Deno.test("HTTP tool sends the call's variables in headers, encoded where they are not printable ASCII", async () => {
  const headers = { "x-caller": "{{caller}}", "x-sid": "sid={{call_sid}}", "x-note": "{{note}}" };
  const request = await requestOf({ url: "/", headers }, {});
  assertEquals([request.headers.get("x-caller"), request.headers.get("x-sid")], ["+15551230000", "sid=CA1"]);
  assertEquals(request.headers.get("x-note"), "M%C3%BCller%0D%0Ax-evil: 1");
  assertEquals(request.headers.get("x-evil"), null);
});

// Protects: the model cannot pretend that somebody else calls.
Deno.test("HTTP tool takes the caller from the call, not from the model's arguments", async () => {
  const request = await requestOf({ method: "POST", url: "/", body: { caller: "{{caller}}" } }, {});
  assertEquals(request.body, { caller: "+15551230000" });
});
