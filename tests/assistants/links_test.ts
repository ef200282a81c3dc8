import { assert, assertEquals } from "@std/assert";
import { load, loadOne, problems, problemsOf } from "./support.ts";

const PLACES = { destinations: { sales: { number: "+15550100", about: "Orders" } } };
const TOOL = { description: "T", url: "https://a.example/x" };
const MCP = { url: "https://mcp.example", allowedTools: ["free"] };

Deno.test("an assistant has the parts it names, and no others", () => {
  const rest = {
    destinations: { ...PLACES.destinations, vip: { number: "sip:vip@pbx.example", callerId: "+15550000" } },
    tools: { look: TOOL, write: TOOL },
    mcpServers: { calendar: { ...MCP, approval: "never" }, mail: MCP },
  };
  const entry = {
    tools: ["look", "end_call", "mail", "calendar", "transfer_call"],
    transferTo: ["vip"],
    keypad: { menu: { "0": "sales", "#": "vip" }, secrets: { pin: { digits: 4 } } },
  };
  const { httpTools, mcpServers, builtIn, transferTo, keypad } = loadOne(entry, rest);
  assertEquals(httpTools.map(({ name }) => name), ["look"]);
  assertEquals(mcpServers.map(({ label, unasked }) => [label, unasked]), [["mail", false], [
    "calendar",
    true,
  ]]);
  assertEquals(builtIn, ["end_call", "transfer_call", "collect_digits"]);
  const vip = {
    name: "vip",
    number: "sip:vip@pbx.example",
    about: "",
    ringSeconds: 20,
    callerId: "+15550000",
  };
  assertEquals(transferTo, [vip]);
  assertEquals(keypad.menu.map(({ key, destination }) => [key, destination.name]), [["0", "sales"], [
    "#",
    "vip",
  ]]);
  assertEquals(keypad.secrets, [{ name: "pin", digits: 4 }]);
});

/** An assistant, what else is in its file, and the only thing that is wrong with it. */
const WRONG: [entry: object, rest: object, problem: string][] = [
  [
    { tools: ["lookup"] },
    {},
    'assistants.one.tools[0]: found "lookup", which is not there; allowed: end_call, ',
  ],
  [{ tools: ["look_up_ordr"] }, { tools: { look_up_order: TOOL } }, "assistants.one.tools[0]: found"],
  [{ tools: ["end_call", "end_call"] }, {}, "assistants.one.tools[1]: found it twice; keep one of them"],
  [
    { tools: ["collect_digits"] },
    {},
    "assistants.one.tools[0]: found collect_digits; leave it out: it comes",
  ],
  [{ tools: ["transfer_call"] }, PLACES, "assistants.one.tools: found transfer_call and no transferTo; name"],
  [
    { tools: ["transfer_call"], transferTo: ["+1900"] },
    PLACES,
    'assistants.one.transferTo[0]: found "+1900"',
  ],
  [{ keypad: { menu: { "0": "x" } } }, PLACES, 'assistants.one.keypad.menu.0: found "x", which is not there'],
  [
    { tools: ["switch_language"] },
    {},
    "assistants.one.tools: found switch_language and no other language; name",
  ],
  [
    { tools: ["switch_language"], language: "es", languages: { es: {} } },
    {},
    "assistants.one.tools: found switch_language and no other language; name",
  ],
  [
    { languages: { es: { key: "2", offer: "Dos." }, fr: { key: "2", offer: "Deux." } } },
    {},
    "assistants.one.languages.fr.key: found the key of es; give each language its own",
  ],
  [
    {},
    { tools: { end_call: TOOL } },
    "tools.end_call: found the name of a tool that is part of Parley; take",
  ],
  [{}, { tools: { collect_digits: TOOL } }, "tools.collect_digits: found the name of a tool that is part of"],
  [
    {},
    { mcpServers: { take_message: MCP } },
    "mcpServers.take_message: found the name of a tool that is part",
  ],
  [
    {},
    { tools: { x: TOOL }, mcpServers: { x: MCP } },
    "mcpServers.x: found a tool of this name; take another",
  ],
  [
    {},
    { tools: { t: { ...TOOL, url: "https://a.example/{{order}}" } } },
    "tools.t.url: {{order}} is neither an argument nor a secret of the keypad",
  ],
  [
    {},
    { tools: { t: { ...TOOL, method: "POST", body: { a: [{ b: "x {{constructor}}" }] } } } },
    "tools.t.body: {{constructor}} is neither an argument nor a secret of the keypad",
  ],
  [{}, { tools: { t: { ...TOOL, body: {} } } }, "tools.t.body: a GET has none; use POST or leave it out"],
  [
    {},
    { tools: { t: { ...TOOL, url: "https://a.example/{{" } } },
    'tools.t.url: has "{{" or "}}" that are around',
  ],
  [
    {},
    { tools: { t: { ...TOOL, parameters: { type: "object", properties: { a: { type: "none" } } } } } },
    "tools.t.parameters: no schema that can be checked: ",
  ],
  [
    {},
    { tools: { t: { ...TOOL, parameters: { type: "object", required: ["order"] } } } },
    'tools.t.parameters.required: found "order", which is no property; add it to properties',
  ],
  [
    {},
    {
      tools: {
        t: { ...TOOL, parameters: { type: "object", properties: { a: {} } }, headers: { x: "{{a}}" } },
      },
    },
    "tools.t.headers: found {{a}}; allowed: {{secret.…}} only",
  ],
  [
    { tools: ["t"] },
    { tools: { t: { ...TOOL, url: "https://a.example/?pin={{secret.pin}}" } } },
    "tools.t.url: found {{secret.pin}}, and no keypad.secrets of one has pin; add it there",
  ],
  [
    {},
    { tools: { t: { ...TOOL, headers: { pin: "{{secret.pin}}" } } } },
    "tools.t.headers: found {{secret.pin}}, and no keypad.secrets of any assistant has pin; add it there",
  ],
  [
    { tools: ["t"] },
    { tools: { t: { ...TOOL, headers: { pin: "{{secret.constructor}}" } } } },
    "tools.t.headers: found {{secret.constructor}}, and no keypad.secrets of one has constructor; add it there",
  ],
  [
    {},
    { mcpServers: { m: { ...MCP, headers: { pin: "{{secret.pin}}" } } } },
    "mcpServers.m.headers: found {{…}}; allowed: ${TOOL_…} only",
  ],
  [
    { greeting: "Your pin is {{secret.pin}}" },
    {},
    "assistants.one.greeting: found {{secret.pin}}; allowed: sec",
  ],
  [
    { reasoning: "low", model: "gpt-realtime-1.5" },
    {},
    'assistants.one.reasoning: found it for "gpt-realtime-1.5", which does not reason; leave it out',
  ],
  [
    { transcription: { model: "gpt-realtime-whisper", prompt: "x" } },
    {},
    "assistants.one.transcription.prompt: found it for gpt-realtime-whisper, which takes none; leave it out",
  ],
  [
    {},
    { destinations: { a: { number: "tel:1" } } },
    'destinations.a.number: found "tel:1"; allowed: a number',
  ],
  [{}, { destinations: { a: { number: "0190123" } } }, 'destinations.a.number: found "0190123"; allowed: a'],
  [
    {},
    { destinations: { a: { number: "sip:a b@c" } } },
    'destinations.a.number: found "sip:a b@c"; allowed:',
  ],
  [
    {},
    { destinations: { a: { number: "+15550100", ringSeconds: 61 } } },
    "destinations.a.ringSeconds: found 61; allowed: a whole number from 5 to 60",
  ],
  [
    {},
    { mcpServers: { m: { ...MCP, allowedTools: [] } } },
    "mcpServers.m.allowedTools: found a list; allowed: at",
  ],
  [{}, { mcpServers: { m: { url: MCP.url } } }, "mcpServers.m.allowedTools: missing; allowed: a list"],
  [
    {},
    { mcpServers: { m: { ...MCP, approval: "always" } } },
    'mcpServers.m.approval: found "always"; allowed: caller, never',
  ],
];

for (const [entry, rest, problem] of WRONG) {
  Deno.test(`refused together: ${JSON.stringify({ ...entry, ...rest })}`, () => {
    const found = problemsOf(entry, rest);
    assert(found[0]?.startsWith(problem), found.join("\n"));
    assertEquals(found.length, 1, found.join("\n"));
  });
}

Deno.test("a secret has to be one of every assistant that has the tool", () => {
  const tools = { t: { ...TOOL, url: "https://a.example/{{secret.pin}}" } };
  const has = { tools: ["t"], keypad: { secrets: { pin: { digits: 4 } } } };
  assertEquals(problems({ default: "a", tools, assistants: { a: has, b: {} } }), []);
  assertEquals(problems({ default: "a", tools, assistants: { a: has, b: { tools: ["t"] } } }), [
    "tools.t.url: found {{secret.pin}}, and no keypad.secrets of b has pin; add it there",
  ]);
});

Deno.test("models that reason, and those of other vendors, may be told how hard", () => {
  for (const model of ["gpt-realtime-2", "gpt-realtime-2.1", "gpt-realtime-2.1-mini", "other-realtime"]) {
    assertEquals(loadOne({ model, reasoning: "high" }).reasoning, "high");
  }
  for (const model of ["gpt-realtime", "gpt-realtime-2025-08-28", "gpt-realtime-mini"]) {
    assertEquals(
      problemsOf({ reasoning: "low" }, {}, { defaults: { OPENAI_MODEL: model } }).length,
      1,
      model,
    );
  }
});

Deno.test("what is of no use, or left out of a text, is warned of with its place", () => {
  const text = `{
  "destinations": { "sales": { "number": "+15550100" }, "vip": { "number": "+15550100" } },
  "tools": { "t": { "description": "T", "url": "https://a.example" } },
  "mcpServers": { "m": { "url": "https://m.example", "allowedTools": ["x"] } },
  "assistants": { "one": {
    "greeting": "Hello {{caller}} {{ weather }} {{weather}}",
    "transferTo": ["sales"],
    "languages": { "es": {} },
    "voicemail": { "leave": "It is {{now}} and {{moon}}" }
  } }
}`;
  const known =
    "unless an outbound request has it; known are caller, called, now, objective and what variables.url answers";
  assertEquals(load(text).warnings, [
    "etc/a.jsonc:2:64: destinations.vip: no assistant uses it",
    "etc/a.jsonc:3:19: tools.t: no assistant uses it",
    "etc/a.jsonc:4:24: mcpServers.m: no assistant uses it",
    `etc/a.jsonc:6:17: assistants.one.greeting: {{weather}} is left out ${known}`,
    "etc/a.jsonc:7:19: assistants.one.transferTo: of no use without transfer_call; add it to tools",
    "etc/a.jsonc:8:26: assistants.one.languages.es: nothing chooses it; give it a key and an offer, or add " +
    "switch_language to tools",
    `etc/a.jsonc:9:18: assistants.one.voicemail: {{moon}} is left out ${known}`,
  ]);
  const asked = { greeting: "{{weather}}", variables: { url: "https://crm.example" } };
  assertEquals(load({ assistants: { one: asked } }).warnings, [], "whoever is asked may know");
});

Deno.test("two assistants that are equally particular for one call are refused, by name", () => {
  const hours = (timeZone: string, from: string, to: string) => ({ timeZone, from, to });
  const day = hours("Europe/Berlin", "09:00", "17:00");
  const cases: [a: object, b: object, both: string | undefined][] = [
    [{ to: ["+15550100"] }, { to: ["+15550199", "+15550100"] }, "calls to +15550100"],
    [{ to: ["+15550100"] }, { to: ["+15550101"] }, undefined],
    [{ to: ["+1555*"] }, { to: ["+1555*"] }, "calls to +1555*"],
    [{ to: ["+1555*"] }, { to: ["+15550100", "+1*"] }, undefined],
    [{ from: ["+49*"] }, { from: ["+49*"] }, "calls from +49*"],
    [{ to: ["+15550100"] }, { from: ["+49*"] }, undefined],
    [{ to: ["+15550100"], from: ["+49*"] }, { to: ["+15550100"] }, undefined],
    [
      { to: ["+15550100"], from: ["+49*"] },
      { to: ["+15550100"], from: ["+49*"] },
      "calls to +15550100 from +49*",
    ],
    [{ to: ["+15550100"], hours: day }, { to: ["+15550100"] }, undefined],
    [{ hours: day }, { hours: hours("Europe/Berlin", "16:59", "18:00") }, "calls at the same hours"],
    [{ hours: day }, { hours: hours("Europe/Berlin", "17:00", "09:00") }, undefined],
    [{ hours: day }, { hours: hours("Europe/London", "07:00", "08:00") }, undefined],
    [{ hours: day }, { hours: hours("Europe/London", "07:00", "08:01") }, "calls at the same hours"],
    [{ from: ["any"] }, {}, undefined],
  ];
  for (const [a, b, both] of cases) {
    for (const [first, second] of [[a, b], [b, a]] as const) {
      const assistants = { one: rule(first), two: rule(second) };
      assertEquals(
        problems({ default: "one", assistants }),
        both === undefined ? [] : [
          `assistants.two.answers: found ${both}, which one answers too; make one of them more particular`,
        ],
        JSON.stringify([first, second]),
      );
    }
  }
});

function rule(answers: object): object {
  return Object.keys(answers).length > 0 ? { answers } : {};
}

Deno.test("tools for a recording that there is not are of no use", () => {
  const one = { tools: ["pause_recording", "resume_recording"] };
  assertEquals(load({ assistants: { one } }).warnings, [
    "etc/a.jsonc:1:31: assistants.one.tools: pause_recording is of no use in calls that are not recorded; see recording",
  ]);
  assertEquals(load({ assistants: { one: { ...one, recording: true } } }).warnings, []);
  assertEquals(load({ assistants: { one } }, { defaults: { RECORDING: "on" } }).warnings, []);
});
