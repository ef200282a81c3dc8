import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { AssistantFactory } from "../../src/assistants/assistant_factory.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { asJson } from "../support/as_json.ts";
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
      // Nothing listens on this port.
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
  setRecording() {},
  addMessage() {},
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
  const factory = new AssistantFactory({
    assistants: config.assistants,
    config,
    modelUrl,
    canRecord: records,
    saveMessage: () => "disk",
    clock,
    log,
  });
  return { factory, lines };
}

Deno.test("AssistantFactory converts the file's seconds to milliseconds", () => {
  const { factory } = setUp();
  const { approvals, keypad, costLimits, maxCallMs, protectedMs, session, silence, waiting } = factory
    .createNow(
      CALL,
    );
  assertEquals({ approvals, keypad, costLimits, maxCallMs, protectedMs, silence, waiting }, {
    approvals: new Map([["calendar", ["book"]]]),
    keypad: { pauseMs: 3_000, menu: new Map(), secrets: new Map([["pin", 4]]) },
    costLimits: { perCall: 1, perCallerDay: 3, perDay: 50 },
    maxCallMs: 900_000,
    protectedMs: 1_500,
    silence: { afterMs: 12_000, prompts: 2 },
    waiting: { afterMs: 1_500, say: "One moment." },
  });
  assertEquals(session.mcpServers?.map(({ label, autoApproved: unasked }) => [label, unasked]), [
    ["calendar", false],
    ["weather", true],
  ]);
});

Deno.test("AssistantFactory handles voicemail in outbound calls only", () => {
  const { factory } = setUp();
  assertEquals(factory.createNow(CALL).voicemail, undefined);
  const briefing = { variables: { firm: "Example" }, objective: "Confirm Friday" };
  const { voicemail, session } = factory.createNow({ ...CALL, outbound: true }, briefing);
  assertEquals(voicemail, { leave: "Call Example back." });
  assertStringIncludes(session.instructions, "Confirm Friday");
  assertStringIncludes(session.instructions, "Call Example back.");
});

Deno.test("AssistantFactory keeps caller and called when a request sets variables of the same names", () => {
  const { factory } = setUp();
  const { session } = factory.createNow(CALL, { variables: { firm: "Example", caller: "the President" } });
  assertEquals(session.instructions, "You speak with +15551230000 of Example.");
});

Deno.test("AssistantFactory requests variables only for calls with a call SID", async () => {
  const { factory, lines } = setUp();
  assertEquals((await factory.create({ ...CALL, callSid: "" })).name, "full");
  assertEquals(lines, []);
  assertEquals((await factory.create(CALL)).name, "full");
  assertEquals(lines.length, 1);
  assertMatch(lines[0] ?? "", /"event":"variables incomplete"/);
});

Deno.test("AssistantFactory bills the stand-in model as free", () => {
  assertEquals(setUp(FILE, { modelUrl: "ws://127.0.0.1:9" }).factory.createNow(CALL).billedModel, "stand-in");
  assertEquals(setUp().factory.createNow(CALL).billedModel, "gpt-realtime-2.1");
});

Deno.test("AssistantFactory requests a summary if afterCall.summary is true", () => {
  for (const summary of [true, false]) {
    const config = configOf({ WEBHOOK_SECRET: "a secret of 24 characters" }, {
      afterCall: { url: "https://crm.example.com/", summary },
      assistants: { reception: {} },
    });
    const log = createLog({ level: "error", format: "json", write() {} });
    const factory = new AssistantFactory({
      assistants: config.assistants,
      config,
      modelUrl: undefined,
      canRecord: false,
      saveMessage: () => "disk",
      clock: new FakeClock(),
      log,
    });
    assertEquals(factory.createNow(CALL).summary, summary);
  }
});

Deno.test("AssistantFactory takes recording and consent from the language, the assistant, then the settings", () => {
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
    const { factory } = setUp({ assistants: { reception: entry } }, { env });
    assertEquals(asJson(factory.createNow(CALL, { language }).recording), recording, JSON.stringify(entry));
  }
  const { factory } = setUp(FILE, { env: { RECORDING: "on" }, records: false });
  assertEquals(factory.createNow(CALL).recording, undefined, "recordings cannot be stored");
});

Deno.test("AssistantFactory offers the recording tools in recorded calls only", () => {
  const tools = ["end_call", "pause_recording", "resume_recording"];
  const offered = (recording: boolean, records = true) =>
    setUp({ assistants: { reception: { tools, recording } } }, { records }).factory.createNow(CALL)
      .tools(PHONE, () => undefined).map(({ declaration }) => declaration.name);
  assertEquals(offered(true), tools);
  assertEquals(offered(false), ["end_call"]);
  assertEquals(offered(true, false), ["end_call"]);
});

Deno.test("AssistantFactory removes secrets that an HTTP tool's response repeats", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ headers }) => Response.json({ you: headers.get("authorization") }),
  );
  const { factory } = setUp({
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
  const [order] = factory.createNow(CALL).tools(PHONE, () => undefined);
  const result = JSON.stringify(await order?.run({}, new AbortController().signal));
  assertEquals([result.includes("you"), result.includes("key-of-the-shop")], [true, false]);
});

Deno.test("AssistantFactory gives the interruptions of the file to call and session", () => {
  const of = (fields: object) =>
    setUp({ assistants: { a: { instructions: "I", greeting: "", ...fields } } }).factory.createNow(CALL);
  const stop = of({ interruptions: { mode: "stop" } });
  assertEquals([stop.interruptions?.mode, stop.session.answers], ["stop", undefined]);
  const pause = of({ interruptions: { mode: "pause", minMs: 400, backchannels: ["hm"] } });
  assertEquals(pause.interruptions, {
    mode: "pause",
    minMs: 400,
    decideMs: 1_000,
    overlapMs: 300,
    backchannels: ["hm"],
    protectGreeting: false,
  });
  assertEquals(pause.session.answers, "parley");
  const off = of({ interruptions: { mode: "off" } });
  assertEquals([off.interruptions?.mode, off.session.turnDetection?.interruptResponse], ["off", false]);
});

Deno.test("AssistantFactory lets an explicit flag of turnDetection win over the mode of interruptions", () => {
  for (
    const [flags, mode] of [
      [{ interruptResponse: false }, "off"],
      [{ interruptResponse: true }, "stop"],
      [{ createResponse: false }, "stop"],
    ] as const
  ) {
    const turnDetection = { type: "server_vad", ...flags };
    const interruptions = { mode: "pause" };
    const assistants = { a: { instructions: "I", greeting: "", turnDetection, interruptions } };
    const call = setUp({ assistants }).factory.createNow(CALL);
    assertEquals([flags, call.interruptions?.mode, call.session.answers], [flags, mode, undefined]);
  }
});

Deno.test("AssistantFactory lists the backchannels of the assistant's languages only, or of all", () => {
  const of = (fields: object) =>
    setUp({ assistants: { a: { instructions: "I", greeting: "", ...fields } } }).factory.createNow(CALL)
      .interruptions?.backchannels ?? [];
  const german = of({ language: "de-AT", languages: { fr: {} } });
  const has = (list: readonly string[]) =>
    ["mhm", "genau", "oui", "yeah"].filter((word) => list.includes(word));
  assertEquals(has(german), ["mhm", "genau", "oui"]);
  assertEquals(has(of({})), ["mhm", "genau", "oui", "yeah"]);
});

Deno.test("AssistantFactory puts the disclosure of the language in front of the greeting, and protects both", () => {
  const a = {
    instructions: "I",
    greeting: "Say hello.",
    language: "en",
    disclosure: "This is a machine of {{firm}}.",
    languages: { es: { disclosure: "Soy una máquina." } },
  };
  const { factory } = setUp({ assistants: { a } });
  const call = factory.createNow(CALL, { variables: { firm: "Example" } });
  assertEquals(
    call.greeting,
    "Begin with exactly this, word for word: This is a machine of Example.\nThen continue: Say hello.",
  );
  assertEquals(call.interruptions?.protectGreeting, true);
  assertStringIncludes(call.languages.get("es")?.greeting ?? "", "Soy una máquina.");
  const silent = setUp({ assistants: { a: { ...a, greeting: "" } } }).factory.createNow(CALL);
  assertMatch(silent.greeting, /^Say exactly this and nothing else: This is a machine/);
});
