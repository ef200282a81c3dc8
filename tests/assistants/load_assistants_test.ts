import { assert, assertEquals } from "@std/assert";
import { defaultAssistants } from "../../src/assistants/load_assistants.ts";
import { asJson } from "../support/as_json.ts";
import { DEFAULTS, load, loadOne, placedProblems, problems, problemsOf } from "./support.ts";

Deno.test("defaultAssistants() creates one assistant from the settings", () => {
  const { assistants, rules, warnings, default: defaultAssistant } = defaultAssistants({
    ...DEFAULTS,
    SYSTEM_MESSAGE: "You know {{weather}}.",
    MAX_CALL_SECONDS: 600,
  });
  assertEquals(assistants, [defaultAssistant]);
  assertEquals(rules, []);
  const { name, instructions, greeting, model, voice, builtInTools, limits } = defaultAssistant;
  assertEquals([name, instructions, greeting], ["default", "You know {{weather}}.", "Greet."]);
  assertEquals([model, voice, builtInTools], ["gpt-realtime-2.1", "marin", ["end_call"]]);
  assertEquals(limits, { callSeconds: 600, dayUsd: undefined });
  assertEquals(warnings, [
    "assistants.default.instructions: {{weather}} has no value unless the request for an outbound call sets it; known variables: caller, " +
    "called, call_sid, now, objective and those that variables.url returns",
  ]);
});

Deno.test("loadAssistants() uses the settings for fields that the file leaves out", () => {
  const fileFields = { instructions: "I", greeting: "", model: "m", voice: "v", limits: { callSeconds: 60 } };
  const defaults = { MAX_CALL_SECONDS: 600 };
  const { instructions, greeting, model, voice, limits } = loadOne(fileFields, {}, { defaults });
  assertEquals(asJson({ instructions, greeting, model, voice, limits }), fileFields);

  const plain = loadOne({}, {}, { defaults });
  assertEquals(asJson(plain), {
    name: "one",
    instructions: "You are kind.",
    greeting: "Greet.",
    model: "gpt-realtime-2.1",
    voice: "marin",
    speed: 1,
    turnDetection: {
      type: "server_vad",
      threshold: 0.5,
      prefixPaddingMs: 300,
      silenceDurationMs: 500,
    },
    noiseReduction: "near_field",
    transcription: { model: "gpt-transcribe" },
    languages: [],
    builtInTools: ["end_call"],
    httpTools: [],
    mcpServers: [],
    transferTo: [],
    holding: { afterMs: 800 },
    outage: { then: "hang up" },
    keypad: { pauseSeconds: 2, menu: [], secrets: [] },
    interruptions: { mode: "stop", minMs: 1_000, decideMs: 1_000, overlapMs: 300, protectGreeting: false },
    protectGreetingSeconds: 0,
    limits: { callSeconds: 600 },
  });
});

Deno.test("loadAssistants() pauses for interruptions by default only with OpenAI's server and transcripts", () => {
  const url = "wss://api.openai.com/v1/realtime";
  for (
    const [entry, OPENAI_REALTIME_URL, mode] of [
      [{}, url, "pause"],
      [{}, "ws://127.0.0.1:8080/v1/realtime", "stop"],
      [{ interruptions: { mode: "pause" } }, "ws://127.0.0.1:8080/v1/realtime", "pause"],
      [{ interruptions: { mode: "stop" } }, url, "stop"],
      [{ transcription: "off" }, url, "stop"],
      [{ turnDetection: { type: "server_vad", createResponse: true } }, url, "stop"],
    ] as const
  ) {
    const { interruptions } = loadOne(entry, {}, { defaults: { OPENAI_REALTIME_URL } });
    assertEquals([entry, interruptions.mode], [entry, mode]);
  }
});

Deno.test("loadAssistants() returns frozen data that can be sent to a worker", () => {
  const read = load({
    destinations: { sales: { number: "+15550100" } },
    tools: {
      t: {
        description: "T",
        method: "POST",
        url: "https://a.example",
        parameters: { type: "object", properties: { a: { items: { type: "string" } } } },
        body: { deep: [{}] },
      },
    },
    assistants: { one: { tools: ["transfer_call", "t"], transferTo: ["sales"], answers: { to: ["+1*"] } } },
  });
  const check = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    assert(Object.isFrozen(value), JSON.stringify(value));
    assertEquals([Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value)), true);
    Object.values(value).forEach(check);
  };
  check(read);
  assertEquals(structuredClone(read), read);
});

Deno.test("loadAssistants() accepts every kind of turn detection, transcription and noise reduction", () => {
  const semantic = {
    type: "semantic_vad",
    eagerness: "low",
    createResponse: false,
    interruptResponse: false,
  };
  const server = {
    type: "server_vad",
    threshold: 0.7,
    prefixPaddingMs: 100,
    silenceDurationMs: 900,
    createResponse: false,
    interruptResponse: false,
    idleTimeoutMs: 6000,
  };
  for (const turnDetection of [semantic, server]) {
    assertEquals<unknown>(loadOne({ turnDetection }).turnDetection, turnDetection);
  }
  for (const transcription of ["off", { model: "gpt-live-transcribe", language: "de", prompt: "P" }]) {
    assertEquals<unknown>(loadOne({ transcription }).transcription, transcription);
  }
  for (const noiseReduction of ["near_field", "far_field", "off"]) {
    assertEquals<unknown>(loadOne({ noiseReduction }).noiseReduction, noiseReduction);
  }
});

Deno.test("loadAssistants() reports every problem in file order with line and column", () => {
  const text = `{
  "default": "recption",
  "destinations": {
    "sales": { "number": "call me", "ring": 3 }
  },
  "assistants": {
    "reception": {
      "voice": 3,
      "speed": 2,
      "instructions": 1,
      "tools": ["transfer_cal"]
    },
    "a b": {}
  }
}`;
  assertEquals(placedProblems(text), [
    'etc/a.jsonc:2:14: default: found "recption", which does not exist; allowed: reception, a b',
    'etc/a.jsonc:4:26: destinations.sales.number: found "call me"; allowed: a number such as +15551230000, or sip:name@host',
    "etc/a.jsonc:4:37: destinations.sales.ring: unknown field; allowed: number, about, ringSeconds, callerId",
    "etc/a.jsonc:8:16: assistants.reception.voice: found 3; allowed: a string of 1 to 100 characters",
    "etc/a.jsonc:9:16: assistants.reception.speed: found 2; allowed: a number from 0.25 to 1.5",
    "etc/a.jsonc:10:23: assistants.reception.instructions: found 1; allowed: a string of 1 to 65536 characters or an object with file",
    'etc/a.jsonc:11:17: assistants.reception.tools[0]: found "transfer_cal", which does not exist; did you mean transfer_call?',
    'etc/a.jsonc:13:5: assistants["a b"]: found "a b"; allowed: letters, digits, _ and -, at most 40',
  ]);
});

/** The beginning of the only problem of an assistant. */
const WRONG: [problem: string, entry: object][] = [
  ["voise: unknown field; allowed: answers, instructions", { voise: "x" }],
  ["turndetection: unknown field; did you mean turnDetection?", { turndetection: {} }],
  ["noise_reduction: unknown field; did you mean noiseReduction?", { noise_reduction: "off" }],
  ['speed: found "1"; allowed: a number from 0.25 to 1.5', { speed: "1" }],
  ["speed: found 0.2; allowed: a number from 0.25 to 1.5", { speed: 0.2 }],
  ["speed: found null; allowed: a number from 0.25 to 1.5", { speed: null }],
  ['instructions: found ""; allowed: a string of 1 to 65536', { instructions: "" }],
  ["instructions.file: missing; allowed: a string of 1 to 500 characters", { instructions: {} }],
  ['reasoning: found "max"; allowed: minimal, low, medium, high, xhigh', { reasoning: "max" }],
  ["turnDetection: found null; allowed: server_vad, semantic_vad", { turnDetection: null }],
  ["turnDetection.type: missing; allowed: server_vad, semantic_vad", { turnDetection: {} }],
  ['turnDetection.type: found "none"; allowed: server_vad, semantic_vad', {
    turnDetection: { type: "none" },
  }],
  ["turnDetection.threshold: found 1.1; allowed: a", {
    turnDetection: { type: "server_vad", threshold: 1.1 },
  }],
  ["turnDetection.idleTimeoutMs: found 4999", { turnDetection: { type: "server_vad", idleTimeoutMs: 4999 } }],
  ["turnDetection.threshold: unknown field; allowed: type, eagerness, createResponse, interruptResponse", {
    turnDetection: { type: "semantic_vad", threshold: 0.5 },
  }],
  ['interruptions.mode: found "never"; allowed: pause, stop, off', { interruptions: { mode: "never" } }],
  ["interruptions.overlapMs: found 500; allowed: a whole number from 0 to 300", {
    interruptions: { overlapMs: 500 },
  }],
  ["noiseReduction: found null; allowed: near_field, far_field, off", { noiseReduction: null }],
  ["transcription: found null; allowed: off or an object with model, language, prompt", {
    transcription: null,
  }],
  ['transcription.language: found "eng"; allowed: a language such as en', {
    transcription: { language: "eng" },
  }],
  ['language: found "English"; allowed: a language such as es or es-MX', { language: "English" }],
  ['languages.Spanish: found "Spanish"; allowed: a language such as es', { languages: { Spanish: {} } }],
  ["languages.es: found an object; allowed: key and offer together", { languages: { es: { key: "2" } } }],
  ['tools: found "end_call"; allowed: a list', { tools: "end_call" }],
  ['keypad.menu.10: found "10"; allowed: one key: 0 to 9, * or #', { keypad: { menu: { "10": "x" } } }],
  ['keypad.secrets["p n"]: found "p n"; allowed: letters', { keypad: { secrets: { "p n": { digits: 4 } } } }],
  ["keypad.secrets.pin.digits: found 4.5; allowed: a whole", {
    keypad: { secrets: { pin: { digits: 4.5 } } },
  }],
  ["silence.afterSeconds: missing; allowed: a number from 3 to 120", { silence: {} }],
  ["silence.prompts: found 10.5; allowed: a whole number", { silence: { afterSeconds: 5, prompts: 10.5 } }],
  ["limits.callUsd: found 0; allowed: a number from 0.01 to 10000", { limits: { callUsd: 0 } }],
  ["answers: found an object; allowed: at least one of to, from, hours", { answers: {} }],
  ["answers.to: found a list; allowed: at least one number", { answers: { to: [] } }],
  ['answers.to[0]: found "5551230000"; allowed: a number such as +1', { answers: { to: ["5551230000"] } }],
  ['answers.from[0]: found "+1*5"; allowed: a number such as +1', { answers: { from: ["+1*5"] } }],
];

for (const [problem, entry] of WRONG) {
  Deno.test(`loadAssistants() rejects ${JSON.stringify(entry)}`, () => {
    const problems = problemsOf(entry);
    assert(problems[0]?.startsWith(`assistants.one.${problem}`), problems.join("\n"));
    assertEquals(problems.length, 1, problems.join("\n"));
  });
}

Deno.test("loadAssistants() rejects invalid hours, alone and in a list", () => {
  const hours = { timeZone: "Europe/Berlin", from: "09:00", to: "17:00" };
  const cases: [hours: unknown, problem: string][] = [
    [
      { ...hours, timeZone: "Europe/Berlim" },
      'timeZone: found "Europe/Berlim"; allowed: a time zone such as',
    ],
    [{ ...hours, from: "9:00" }, 'from: found "9:00"; allowed: a time such as 09:00'],
    [{ ...hours, from: "24:00" }, 'from: found "24:00"; allowed: a time such as 09:00'],
    [{ ...hours, to: "24:01" }, 'to: found "24:01"; allowed: a time such as 09:00'],
    [{ ...hours, days: ["monday"] }, 'days[0]: found "monday"; allowed: mon, tue, wed, thu, fri, sat, sun'],
    [{ ...hours, to: "09:00" }, "found an object; allowed: different times in from and to"],
  ];
  for (const [wrong, problem] of cases) {
    for (const [place, configuredHours] of [["hours", wrong], ["hours[1]", [hours, wrong]]] as const) {
      const [firstProblem = "", ...rest] = problemsOf({ answers: { hours: configuredHours } });
      const glue = problem.startsWith("found") ? ": " : ".";
      assert(firstProblem.startsWith(`assistants.one.answers.${place}${glue}${problem}`), firstProblem);
      assertEquals(rest, []);
    }
  }
  assert(
    problemsOf({ answers: { hours: 9 } })[0]?.includes(
      "allowed: an object with timeZone, days, from, to or a list",
    ),
  );
});

Deno.test("loadAssistants() rejects a file without assistants, or without a default among several", () => {
  assertEquals(problems({}), ["assistants: missing; allowed: an object"]);
  assertEquals(problems({ assistants: {} }), ["assistants: found no assistant; define at least one"]);
  assertEquals(problems({ assistants: { a: {}, b: {} } }), ["default: missing; allowed: a, b"]);
  assertEquals(load({ default: "b", assistants: { a: {}, b: {} } }).default.name, "b");
});

Deno.test("loadAssistants() reports problems of other fields beside an invalid field", () => {
  assertEquals(problemsOf({ voice: 1, transferTo: ["sales"] }), [
    "assistants.one.voice: found 1; allowed: a string of 1 to 100 characters",
    'assistants.one.transferTo[0]: found "sales", which does not exist; allowed: none, because none are defined',
  ]);
  // Fields that refer to an invalid field are not reported.
  assertEquals(problemsOf({ transferTo: "sales", tools: ["transfer_call"] }), [
    'assistants.one.transferTo: found "sales"; allowed: a list',
  ]);
});

Deno.test("loadAssistants() reads instructions from a file relative to the assistants file", () => {
  const files = { "etc/one.md": "\uFEFF You are one.\n", "/srv/two.md": "You are two." };
  assertEquals(loadOne({ instructions: { file: "one.md" } }, {}, { files }).instructions, "You are one.");
  assertEquals(
    loadOne({ instructions: { file: "/srv/two.md" } }, {}, { files }).instructions,
    "You are two.",
  );
  const broken = { "etc/empty.md": " \n", "etc/long.md": "x".repeat(65_537), "etc/no.md": "forbidden" };
  for (
    const [file, problem] of [
      ["none.md", "does not exist; set it to an existing file, relative to the assistants file"],
      ["empty.md", "is empty; write the instructions into it"],
      ["long.md", "has 65537 characters; allowed: at most 65536"],
      ["no.md", "cannot be read: not allowed"],
    ]
  ) {
    assertEquals(problemsOf({ instructions: { file } }, {}, { files: broken }), [
      `assistants.one.instructions.file: found "${file}", which ${problem}`,
    ]);
  }
});
