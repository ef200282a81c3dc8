import { assert, assertEquals } from "@std/assert";
import { defaultAssistants } from "../../src/assistants/load.ts";
import { DEFAULTS, load, loadOne, placedProblems, problems, problemsOf } from "./support.ts";

Deno.test("without a file there is one assistant, made of the settings", () => {
  const { assistants, rules, warnings, default: byDefault } = defaultAssistants({
    ...DEFAULTS,
    SYSTEM_MESSAGE: "You know {{weather}}.",
    MAX_CALL_SECONDS: 600,
  });
  assertEquals(assistants, [byDefault]);
  assertEquals(rules, []);
  const { name, instructions, greeting, model, voice, builtIn, limits } = byDefault;
  assertEquals([name, instructions, greeting], ["default", "You know {{weather}}.", "Greet."]);
  assertEquals([model, voice, builtIn, limits], ["gpt-realtime-2.1", "marin", ["end_call"], {
    callSeconds: 600,
  }]);
  assertEquals(warnings, [
    "assistants.default.instructions: {{weather}} is left out unless an outbound request has it; known are caller, " +
    "called, now, objective and what variables.url answers",
  ]);
});

Deno.test("an assistant is what its file says, and the settings where it says nothing", () => {
  const given = { instructions: "I", greeting: "", model: "m", voice: "v", limits: { callSeconds: 60 } };
  const defaults = { MAX_CALL_SECONDS: 600 };
  const { instructions, greeting, model, voice, limits } = loadOne(given, {}, { defaults });
  assertEquals<object>({ instructions, greeting, model, voice, limits }, given);

  const plain = loadOne({}, {}, { defaults });
  assertEquals(plain, {
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
      createResponse: true,
      interruptResponse: true,
    },
    noiseReduction: "near_field",
    transcription: { model: "gpt-transcribe" },
    languages: [],
    builtIn: ["end_call"],
    httpTools: [],
    mcpServers: [],
    transferTo: [],
    keypad: { pauseSeconds: 2, menu: [], secrets: [] },
    protectGreetingSeconds: 0,
    limits: { callSeconds: 600 },
  });
});

Deno.test("what was read is frozen, and may be sent to a worker", () => {
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

Deno.test("every kind of turn detection, transcription and noise reduction can be had", () => {
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

Deno.test("every problem is told at once, in the order of the file, with line and column", () => {
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
    'etc/a.jsonc:2:14: default: found "recption", which is not there; allowed: reception, a b',
    'etc/a.jsonc:4:26: destinations.sales.number: found "call me"; allowed: a number such as +15551230000, or sip:name@host',
    "etc/a.jsonc:4:37: destinations.sales.ring: there is no such field; allowed: number, about, ringSeconds, callerId",
    "etc/a.jsonc:8:16: assistants.reception.voice: found 3; allowed: a text of 1 to 100 characters",
    "etc/a.jsonc:9:16: assistants.reception.speed: found 2; allowed: a number from 0.25 to 1.5",
    "etc/a.jsonc:10:23: assistants.reception.instructions: found 1; allowed: a text of 1 to 65536 characters or an object of file",
    'etc/a.jsonc:11:17: assistants.reception.tools[0]: found "transfer_cal", which is not there; did you mean transfer_call?',
    'etc/a.jsonc:13:5: assistants["a b"]: found "a b"; allowed: letters, digits, _ and -, at most 40',
  ]);
});

/** A field, a value it cannot have, and what is said of it. */
const WRONG: [entry: object, problem: string][] = [
  [{ voise: "x" }, "voise: there is no such field; allowed: answers, instructions"],
  [{ turndetection: {} }, "turndetection: there is no such field; did you mean turnDetection?"],
  [{ noise_reduction: "off" }, "noise_reduction: there is no such field; did you mean noiseReduction?"],
  [{ speed: "1" }, 'speed: found "1"; allowed: a number from 0.25 to 1.5'],
  [{ speed: 0.2 }, "speed: found 0.2; allowed: a number from 0.25 to 1.5"],
  [{ speed: null }, "speed: found null; allowed: a number from 0.25 to 1.5"],
  [{ instructions: "" }, 'instructions: found ""; allowed: a text of 1 to 65536'],
  [{ instructions: {} }, "instructions.file: missing; allowed: a text of 1 to 500 characters"],
  [{ reasoning: "max" }, 'reasoning: found "max"; allowed: minimal, low, medium, high, xhigh'],
  [{ turnDetection: null }, "turnDetection: found null; allowed: server_vad, semantic_vad"],
  [{ turnDetection: {} }, "turnDetection.type: missing; allowed: server_vad, semantic_vad"],
  [
    { turnDetection: { type: "none" } },
    'turnDetection.type: found "none"; allowed: server_vad, semantic_vad',
  ],
  [
    { turnDetection: { type: "server_vad", threshold: 1.1 } },
    "turnDetection.threshold: found 1.1; allowed: a",
  ],
  [{ turnDetection: { type: "server_vad", idleTimeoutMs: 4999 } }, "turnDetection.idleTimeoutMs: found 4999"],
  [
    { turnDetection: { type: "semantic_vad", threshold: 0.5 } },
    "turnDetection.threshold: there is no such field; allowed: type, eagerness, createResponse, interruptResponse",
  ],
  [{ noiseReduction: null }, "noiseReduction: found null; allowed: near_field, far_field, off"],
  [
    { transcription: null },
    "transcription: found null; allowed: off or an object of model, language, prompt",
  ],
  [
    { transcription: { language: "eng" } },
    'transcription.language: found "eng"; allowed: a language such as en',
  ],
  [{ language: "English" }, 'language: found "English"; allowed: a language such as es or es-MX'],
  [{ languages: { Spanish: {} } }, 'languages.Spanish: found "Spanish"; allowed: a language such as es'],
  [{ languages: { es: { key: "2" } } }, "languages.es: found an object; allowed: key and offer together"],
  [{ tools: "end_call" }, 'tools: found "end_call"; allowed: a list'],
  [{ keypad: { menu: { "10": "x" } } }, 'keypad.menu.10: found "10"; allowed: one key: 0 to 9, * or #'],
  [{ keypad: { secrets: { "p n": { digits: 4 } } } }, 'keypad.secrets["p n"]: found "p n"; allowed: letters'],
  [
    { keypad: { secrets: { pin: { digits: 4.5 } } } },
    "keypad.secrets.pin.digits: found 4.5; allowed: a whole",
  ],
  [{ silence: {} }, "silence.afterSeconds: missing; allowed: a number from 3 to 120"],
  [{ silence: { afterSeconds: 5, prompts: 10.5 } }, "silence.prompts: found 10.5; allowed: a whole number"],
  [{ limits: { callUsd: 0 } }, "limits.callUsd: found 0; allowed: a number from 0.01 to 10000"],
  [{ answers: {} }, "answers: found an object; allowed: at least one of to, from, hours"],
  [{ answers: { to: [] } }, "answers.to: found a list; allowed: at least one number"],
  [{ answers: { to: ["5551230000"] } }, 'answers.to[0]: found "5551230000"; allowed: a number such as +1'],
  [{ answers: { from: ["+1*5"] } }, 'answers.from[0]: found "+1*5"; allowed: a number such as +1'],
];

for (const [entry, problem] of WRONG) {
  Deno.test(`refused: ${JSON.stringify(entry)}`, () => {
    const found = problemsOf(entry);
    assert(found[0]?.startsWith(`assistants.one.${problem}`), found.join("\n"));
    assertEquals(found.length, 1, found.join("\n"));
  });
}

Deno.test("hours that cannot be meant are refused, and tell what is wrong in a list of them", () => {
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
    [{ ...hours, to: "09:00" }, "found an object; allowed: from and to that differ"],
  ];
  for (const [wrong, problem] of cases) {
    for (const [place, given] of [["hours", wrong], ["hours[1]", [hours, wrong]]] as const) {
      const [found = "", ...others] = problemsOf({ answers: { hours: given } });
      const glue = problem.startsWith("found") ? ": " : ".";
      assert(found.startsWith(`assistants.one.answers.${place}${glue}${problem}`), found);
      assertEquals(others, []);
    }
  }
  assert(
    problemsOf({ answers: { hours: 9 } })[0]?.includes(
      "allowed: an object of timeZone, days, from, to or a list",
    ),
  );
});

Deno.test("a file without assistants, or without a default among several, is refused", () => {
  assertEquals(problems({}), ["assistants: missing; allowed: an object"]);
  assertEquals(problems({ assistants: {} }), ["assistants: found none; describe at least one assistant"]);
  assertEquals(problems({ assistants: { a: {}, b: {} } }), ["default: missing; allowed: a, b"]);
  assertEquals(load({ default: "b", assistants: { a: {}, b: {} } }).default.name, "b");
});

Deno.test("what is wrong with one field does not hide what is wrong with others", () => {
  assertEquals(problemsOf({ voice: 1, transferTo: ["sales"] }), [
    "assistants.one.voice: found 1; allowed: a text of 1 to 100 characters",
    'assistants.one.transferTo[0]: found "sales", which is not there; allowed: none, for there are none',
  ]);
  // But where it is what others depend on, they are not blamed for it.
  assertEquals(problemsOf({ transferTo: "sales", tools: ["transfer_call"] }), [
    'assistants.one.transferTo: found "sales"; allowed: a list',
  ]);
});

Deno.test("instructions may be in a file beside the assistants file", () => {
  const files = { "etc/one.md": "\uFEFF You are one.\n", "/srv/two.md": "You are two." };
  assertEquals(loadOne({ instructions: { file: "one.md" } }, {}, { files }).instructions, "You are one.");
  assertEquals(
    loadOne({ instructions: { file: "/srv/two.md" } }, {}, { files }).instructions,
    "You are two.",
  );
  const broken = { "etc/empty.md": " \n", "etc/long.md": "x".repeat(65_537), "etc/no.md": "forbidden" };
  for (
    const [file, problem] of [
      ["none.md", "is not there; name a file beside this one"],
      ["empty.md", "is empty; write into it who the assistant is"],
      ["long.md", "has 65537 characters; allowed: at most 65536"],
      ["no.md", "cannot be read: not allowed"],
    ]
  ) {
    assertEquals(problemsOf({ instructions: { file } }, {}, { files: broken }), [
      `assistants.one.instructions.file: found "${file}", which ${problem}`,
    ]);
  }
});
