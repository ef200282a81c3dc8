import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { AssistantsAtWork } from "../../src/assistants/assistant_factory.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { configOf } from "../support/service.ts";

const FILE = {
  default: "full",
  mcpServers: {
    calendar: { url: "https://mcp.example.com", allowedTools: ["book"], approval: "caller" },
    weather: { url: "https://weather.example.com", allowedTools: ["ask"], approval: "never" },
  },
  assistants: {
    full: {
      instructions: "You speak with {{caller}} of {{firm}}.",
      greeting: "",
      tools: ["end_call", "calendar", "weather"],
      keypad: { pauseSeconds: 3, secrets: { pin: { digits: 4 } } },
      silence: { afterSeconds: 12, prompts: 2 },
      waiting: { afterSeconds: 1.5, say: "One moment." },
      protectGreetingSeconds: 1.5,
      voicemail: { leave: "Call {{firm}} back." },
      limits: { callSeconds: 900, callUsd: 1, callerDayUsd: 3, dayUsd: 50 },
      // Nothing listens there.
      variables: { url: "http://127.0.0.1:9/caller", allowPrivate: true },
    },
  },
};
const PHONE = {
  hangUp() {},
  transfer() {},
  sendDigits: () => Promise.resolve(),
  collectDigits: () => Promise.resolve({ digits: 4 }),
  switchLanguage() {},
  record() {},
};
const CALL = { callSid: "CA1", from: "+15551230000", to: "+15559870000" };

function setUp(file: unknown = FILE, { modelUrl, records = true, env = {} }: {
  modelUrl?: string;
  records?: boolean;
  env?: Record<string, string>;
} = {}) {
  const config = configOf({ OPENAI_API_KEY: "sk-test", TOOL_KEY: "key-of-the-shop", ...env }, file);
  const lines: string[] = [];
  const clock = new FakeClock();
  const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
  const atWork = new AssistantsAtWork({
    assistants: config.assistants,
    config,
    modelUrl,
    records,
    keep() {},
    clock,
    log,
  });
  return { atWork, lines };
}

Deno.test("an assistant goes to work with what the file says of it, in milliseconds", () => {
  const { atWork } = setUp();
  const { approvals, keypad, limits, maxMs, protectedMs, session, silence, waiting } = atWork.assignNow(CALL);
  assertEquals({ approvals, keypad, limits, maxMs, protectedMs, silence, waiting }, {
    approvals: new Map([["calendar", ["book"]]]),
    keypad: { pauseMs: 3_000, menu: new Map(), secrets: new Map([["pin", 4]]) },
    limits: { perCall: 1, perCallerDay: 3, perDay: 50 },
    maxMs: 900_000,
    protectedMs: 1_500,
    silence: { afterMs: 12_000, prompts: 2 },
    waiting: { afterMs: 1_500, say: "One moment." },
  });
  assertEquals(session.mcpServers?.map(({ label, unasked }) => [label, unasked]), [
    ["calendar", false],
    ["weather", true],
  ]);
});

Deno.test("only a call we placed can meet a machine", () => {
  const { atWork } = setUp();
  assertEquals(atWork.assignNow(CALL).voicemail, undefined);
  const briefing = { variables: { firm: "Example" }, objective: "Confirm Friday" };
  const { voicemail, session } = atWork.assignNow({ ...CALL, outbound: true }, briefing);
  assertEquals(voicemail, { leave: "Call Example back." });
  assertStringIncludes(session.instructions, "Confirm Friday");
  assertStringIncludes(session.instructions, "Call Example back.");
});

Deno.test("what is known of a call is not overwritten by variables of strangers", () => {
  const { atWork } = setUp();
  const { session } = atWork.assignNow(CALL, { variables: { firm: "Example", caller: "the President" } });
  assertEquals(session.instructions, "You speak with +15551230000 of Example.");
});

Deno.test("the owner is asked who calls only where there is a call", async () => {
  const { atWork, lines } = setUp();
  assertEquals((await atWork.assign({ ...CALL, callSid: "" })).name, "full");
  assertEquals(lines, []);
  assertEquals((await atWork.assign(CALL)).name, "full");
  assertEquals(lines.length, 1);
  assertMatch(lines[0] ?? "", /"event":"variables incomplete"/);
});

Deno.test("the owner's limits of money do not count what the stand-in says", () => {
  assertEquals(setUp(FILE, { modelUrl: "ws://127.0.0.1:9" }).atWork.assignNow(CALL).billedModel, "stand-in");
  assertEquals(setUp().atWork.assignNow(CALL).billedModel, "gpt-realtime-2.1");
});

Deno.test("the model sums a call up where the owner asked for it", () => {
  for (const summary of [true, false]) {
    const config = configOf({ WEBHOOK_SECRET: "a secret of 24 characters" }, {
      afterCall: { url: "https://crm.example.com/", summary },
      assistants: { reception: {} },
    });
    const log = createLog({ level: "error", format: "json", write() {} });
    const atWork = new AssistantsAtWork({
      assistants: config.assistants,
      config,
      modelUrl: undefined,
      records: false,
      keep() {},
      clock: new FakeClock(),
      log,
    });
    assertEquals(atWork.assignNow(CALL).summary, summary);
  }
});

Deno.test("who is recorded, and what is said before, is up to the setting and then to the assistant and its language", () => {
  const SETTING = { consent: "This call is recorded." };
  const cases: [on: boolean, entry: object, language: string | undefined, recording: unknown][] = [
    [false, {}, undefined, undefined],
    [true, {}, undefined, SETTING],
    [true, { recording: false }, undefined, undefined],
    [false, { recording: true }, undefined, SETTING],
    [true, { recording: {}, language: "de" }, undefined, SETTING],
    [false, { recording: { consent: "" } }, undefined, { consent: "" }],
    [false, { recording: { consent: "Wir nehmen auf." }, language: "de" }, undefined, {
      consent: "Wir nehmen auf.",
      language: "de",
    }],
    [true, { languages: { es: { consent: "Grabamos." } } }, "es", { consent: "Grabamos.", language: "es" }],
    [true, { languages: { es: { consent: "" } } }, "es", { consent: "", language: "es" }],
    [true, { languages: { es: { consent: "Grabamos." } } }, undefined, SETTING],
    [false, { languages: { es: { consent: "Grabamos." } } }, "es", undefined],
  ];
  for (const [on, entry, language, recording] of cases) {
    const env = { RECORDING: on ? "on" : "off" };
    const { atWork } = setUp({ assistants: { reception: entry } }, { env });
    assertEquals(atWork.assignNow(CALL, { language }).recording, recording, JSON.stringify(entry));
  }
  const { atWork } = setUp(FILE, { env: { RECORDING: "on" }, records: false });
  assertEquals(atWork.assignNow(CALL).recording, undefined, "nothing to record to");
});

Deno.test("a call that is not recorded has no tools for its recording", () => {
  const tools = ["end_call", "pause_recording", "resume_recording"];
  const offered = (recording: boolean, records = true) =>
    setUp({ assistants: { reception: { tools, recording } } }, { records }).atWork.assignNow(CALL)
      .tools(PHONE, () => undefined).map(({ declaration }) => declaration.name);
  assertEquals(offered(true), tools);
  assertEquals(offered(false), ["end_call"]);
  assertEquals(offered(true, false), ["end_call"]);
});

Deno.test("a service that repeats its secret does not tell it to the model", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ headers }) => Response.json({ you: headers.get("authorization") }),
  );
  const { atWork } = setUp({
    tools: {
      order: {
        description: "Finds an order",
        parameters: { type: "object", properties: {} },
        url: `http://127.0.0.1:${server.addr.port}/`,
        headers: { authorization: "Bearer ${TOOL_KEY}" },
        allowPrivate: true,
      },
    },
    assistants: { reception: { tools: ["order"] } },
  });
  const [order] = atWork.assignNow(CALL).tools(PHONE, () => undefined);
  const said = JSON.stringify(await order?.run({}, new AbortController().signal));
  assertEquals([said.includes("you"), said.includes("key-of-the-shop")], [true, false]);
});
