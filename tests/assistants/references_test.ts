import { assert, assertEquals } from "@std/assert";
import { load, loadOne, problems, problemsOf } from "./support.ts";

const PLACES = { destinations: { sales: { number: "+15550100", about: "Orders" } } };
const TOOL = { description: "T", url: "https://a.example/x" };
const MCP = { url: "https://mcp.example", allowedTools: ["free"] };

Deno.test("loadAssistants() gives an assistant the parts that it names", () => {
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
  const { httpTools, mcpServers, builtInTools: builtIn, transferTo, keypad } = loadOne(entry, rest);
  assertEquals(httpTools.map(({ name }) => name), ["look"]);
  assertEquals(mcpServers.map(({ label, autoApproved: unasked }) => [label, unasked]), [["mail", false], [
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

/** The beginning of the only problem of a file with the assistant `one`. */
const WRONG: [problem: string, file: { one?: object } & Record<string, object>][] = [
  ...[
    "https://{{a}}/",
    "https://{{a}}.example/",
    "https://a.example{{a}}/",
    "https://a.example:{{a}}/",
    "{{a}}",
    "{{a}}://a.example/",
    "file:///etc/passwd",
    "a.example/orders",
    "https://user@a.example/",
    "https://user:password@a.example/",
    "https://:password@a.example/",
  ].map((url): [string, Record<string, object>] => [
    "tools.t.url: allowed: a URL such as",
    { tools: { t: { ...TOOL, url, parameters: { type: "object", properties: { a: {} } } } } },
  ]),
  ["tools.t.url: has a fragment, which is never sent; remove it", {
    tools: { t: { ...TOOL, url: "https://a.example/#x" } },
  }],
  ['tools.t.headers.host: found "host"; allowed: the name of a header that Parley does not set itself', {
    tools: { t: { ...TOOL, headers: { host: "other.example.com" } } },
  }],
  ["tools.t.headers.x-a: found another value; allowed: printable ASCII", {
    tools: { t: { ...TOOL, headers: { "x-a": "b\r\nc: d" } } },
  }],
  ["tools.t.parameters: cannot be used as a schema: Conditional schemas (if/then/else) are not supported", {
    tools: { t: { ...TOOL, parameters: { type: "object", if: {} } } },
  }],
  ['tools.t.body: has "{{" or "}}" without a name', {
    tools: { t: { ...TOOL, method: "POST", body: { a: ["{{order}", "{{a b}}"] } } },
  }],
  ['assistants.one.tools[0]: found "lookup", which does not exist; allowed: end_call, ', {
    one: { tools: ["lookup"] },
  }],
  ["assistants.one.tools[0]: found", { one: { tools: ["look_up_ordr"] }, tools: { look_up_order: TOOL } }],
  ["assistants.one.tools[1]: duplicate; keep one of them", { one: { tools: ["end_call", "end_call"] } }],
  ["assistants.one.tools[0]: found collect_digits; remove it: keypad.secrets adds", {
    one: { tools: ["collect_digits"] },
  }],
  ["assistants.one.tools: found transfer_call without transferTo; list", {
    one: { tools: ["transfer_call"] },
    ...PLACES,
  }],
  ['assistants.one.transferTo[0]: found "+1900"', {
    one: { tools: ["transfer_call"], transferTo: ["+1900"] },
    ...PLACES,
  }],
  ['assistants.one.keypad.menu.0: found "x", which does not exist', {
    one: { keypad: { menu: { "0": "x" } } },
    ...PLACES,
  }],
  ["assistants.one.tools: found switch_language without a second language; add", {
    one: { tools: ["switch_language"] },
  }],
  ["assistants.one.tools: found switch_language without a second language; add", {
    one: { tools: ["switch_language"], language: "es", languages: { es: {} } },
  }],
  ["assistants.one.languages.fr.key: found the key of es; give each language a different key", {
    one: { languages: { es: { key: "2", offer: "Dos." }, fr: { key: "2", offer: "Deux." } } },
  }],
  ["tools.end_call: this is the name of a built-in tool; choose", { tools: { end_call: TOOL } }],
  ["tools.collect_digits: this is the name of a built-in tool", { tools: { collect_digits: TOOL } }],
  ["mcpServers.take_message: this is the name of a built-in tool", { mcpServers: { take_message: MCP } }],
  ["mcpServers.x: a tool has the same name; choose another name", {
    tools: { x: TOOL },
    mcpServers: { x: MCP },
  }],
  ["tools.t.url: {{order}} is neither an argument, a variable of the call nor a keypad secret", {
    tools: { t: { ...TOOL, url: "https://a.example/{{order}}" } },
  }],
  ["tools.t.body: {{constructor}} is neither an argument, a variable of the call nor a keypad secret", {
    tools: { t: { ...TOOL, method: "POST", body: { a: [{ b: "x {{constructor}}" }] } } },
  }],
  ["tools.t.body: a GET request has no body; use POST or remove it", { tools: { t: { ...TOOL, body: {} } } }],
  ['tools.t.url: has "{{" or "}}" without a name', {
    tools: { t: { ...TOOL, url: "https://a.example/{{" } },
  }],
  ["tools.t.parameters: cannot be used as a schema: ", {
    tools: { t: { ...TOOL, parameters: { type: "object", properties: { a: { type: "none" } } } } },
  }],
  ['tools.t.parameters.required: "order" is not in properties; add it there', {
    tools: { t: { ...TOOL, parameters: { type: "object", required: ["order"] } } },
  }],
  [
    "tools.t.headers: found {{a}}, an argument that the model chooses; allowed: variables of the call and {{secret.…}}",
    {
      tools: {
        t: { ...TOOL, parameters: { type: "object", properties: { a: {} } }, headers: { x: "{{a}}" } },
      },
    },
  ],
  ["tools.t.parameters.properties.caller: this is the name of a variable of the call; choose another name", {
    tools: { t: { ...TOOL, parameters: { type: "object", properties: { caller: {} } } } },
  }],
  ["tools.t.url: found {{secret.pin}}, but pin is missing in keypad.secrets of one; add it there", {
    one: { tools: ["t"] },
    tools: { t: { ...TOOL, url: "https://a.example/?pin={{secret.pin}}" } },
  }],
  [
    "tools.t.headers: found {{secret.pin}}, but pin is missing in keypad.secrets of every assistant; add it there",
    { tools: { t: { ...TOOL, headers: { pin: "{{secret.pin}}" } } } },
  ],
  [
    "tools.t.headers: found {{secret.constructor}}, but constructor is missing in keypad.secrets of one; add it there",
    { one: { tools: ["t"] }, tools: { t: { ...TOOL, headers: { pin: "{{secret.constructor}}" } } } },
  ],
  ["mcpServers.m.headers: found {{…}}; allowed: ${TOOL_…} only", {
    mcpServers: { m: { ...MCP, headers: { pin: "{{secret.pin}}" } } },
  }],
  ["assistants.one.greeting: found {{secret.pin}}; allowed: sec", {
    one: { greeting: "Your pin is {{secret.pin}}" },
  }],
  ['assistants.one.reasoning: "gpt-realtime-1.5" does not support reasoning; remove this field', {
    one: { reasoning: "low", model: "gpt-realtime-1.5" },
  }],
  ["assistants.one.transcription.prompt: gpt-realtime-whisper does not accept a prompt; remove this field", {
    one: { transcription: { model: "gpt-realtime-whisper", prompt: "x" } },
  }],
  ['destinations.a.number: found "tel:1"; allowed: a number', { destinations: { a: { number: "tel:1" } } }],
  ['destinations.a.number: found "0190123"; allowed: a', { destinations: { a: { number: "0190123" } } }],
  ['destinations.a.number: found "sip:a b@c"; allowed:', { destinations: { a: { number: "sip:a b@c" } } }],
  ["destinations.a.ringSeconds: found 61; allowed: a whole number from 5 to 60", {
    destinations: { a: { number: "+15550100", ringSeconds: 61 } },
  }],
  ["mcpServers.m.allowedTools: found a list; allowed: at", {
    mcpServers: { m: { ...MCP, allowedTools: [] } },
  }],
  ["mcpServers.m.allowedTools: missing; allowed: a list", { mcpServers: { m: { url: MCP.url } } }],
  ['mcpServers.m.approval: found "always"; allowed: caller, never', {
    mcpServers: { m: { ...MCP, approval: "always" } },
  }],
];

for (const [problem, { one = {}, ...rest }] of WRONG) {
  Deno.test(`loadAssistants() rejects the combination ${JSON.stringify({ ...one, ...rest })}`, () => {
    const problems = problemsOf(one, rest);
    assert(problems[0]?.startsWith(problem), problems.join("\n"));
    assertEquals(problems.length, 1, problems.join("\n"));
  });
}

Deno.test("checkReferences() requires a tool's secrets in every assistant that uses the tool", () => {
  const tools = { t: { ...TOOL, url: "https://a.example/{{secret.pin}}" } };
  const has = { tools: ["t"], keypad: { secrets: { pin: { digits: 4 } } } };
  assertEquals(problems({ default: "a", tools, assistants: { a: has, b: {} } }), []);
  assertEquals(problems({ default: "a", tools, assistants: { a: has, b: { tools: ["t"] } } }), [
    "tools.t.url: found {{secret.pin}}, but pin is missing in keypad.secrets of b; add it there",
  ]);
});

Deno.test("reasoning is accepted for models that support it and for models of other vendors", () => {
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

Deno.test("loadAssistants() warns of unused entries and of variables without a value, with line and column", () => {
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
  const explanation =
    "unless the request for an outbound call sets it; known variables: caller, called, call_sid, now, objective and those that variables.url returns";
  assertEquals(load(text).warnings, [
    "etc/a.jsonc:2:64: destinations.vip: not used by any assistant",
    "etc/a.jsonc:3:19: tools.t: not used by any assistant",
    "etc/a.jsonc:4:24: mcpServers.m: not used by any assistant",
    `etc/a.jsonc:6:17: assistants.one.greeting: {{weather}} has no value ${explanation}`,
    "etc/a.jsonc:7:19: assistants.one.transferTo: has no effect without transfer_call; add transfer_call to tools",
    "etc/a.jsonc:8:26: assistants.one.languages.es: this language cannot be selected; add a key and an offer, or add " +
    "switch_language to tools",
    `etc/a.jsonc:9:18: assistants.one.voicemail: {{moon}} has no value ${explanation}`,
  ]);
  const asked = { greeting: "{{weather}}", variables: { url: "https://crm.example" } };
  assertEquals(load({ assistants: { one: asked } }).warnings, [], "the endpoint may return the variable");
});

Deno.test("checkRuleConflicts() names two assistants that are equally specific for a call", () => {
  const hours = (timeZone: string, from: string, to: string) => ({ timeZone, from, to });
  const day = hours("Europe/Berlin", "09:00", "17:00");
  const cases: [a: object, b: object, sharedKey: string | undefined][] = [
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
    [{ hours: day }, { hours: hours("Europe/Berlin", "16:59", "18:00") }, "calls during the same hours"],
    [{ hours: day }, { hours: hours("Europe/Berlin", "17:00", "09:00") }, undefined],
    [{ hours: day }, { hours: hours("Europe/London", "07:00", "08:00") }, undefined],
    [{ hours: day }, { hours: hours("Europe/London", "07:00", "08:01") }, "calls during the same hours"],
    [{ from: ["any"] }, {}, undefined],
  ];
  for (const [a, b, sharedKey] of cases) {
    for (const [first, second] of [[a, b], [b, a]] as const) {
      const assistants = { one: rule(first), two: rule(second) };
      assertEquals(
        problems({ default: "one", assistants }),
        sharedKey === undefined ? [] : [
          `assistants.two.answers: matches ${sharedKey}, and so does one; make one of the rules more specific`,
        ],
        JSON.stringify([first, second]),
      );
    }
  }
});

function rule(answers: object): object {
  return Object.keys(answers).length > 0 ? { answers } : {};
}

Deno.test("loadAssistants() warns of recording tools in assistants whose calls are not recorded", () => {
  const one = { tools: ["pause_recording", "resume_recording"] };
  assertEquals(load({ assistants: { one } }).warnings, [
    "etc/a.jsonc:1:31: assistants.one.tools: pause_recording has no effect because calls are not recorded; set recording to true or remove the tool",
  ]);
  assertEquals(load({ assistants: { one: { ...one, recording: true } } }).warnings, []);
  assertEquals(load({ assistants: { one } }, { defaults: { RECORDING: "on" } }).warnings, []);
});

Deno.test("loadAssistants() allows the call's variables in HTTP tools, and those that variables.url may return", () => {
  const tool = {
    ...TOOL,
    method: "POST",
    url: "https://a.example/{{caller}}?to={{called}}",
    headers: { x: "{{call_sid}}" },
    body: { objective: "{{objective}}", now: "{{now}}" },
  };
  assertEquals(problems({ tools: { t: tool }, assistants: { one: { tools: ["t"] } } }), []);
  const other = { ...tool, body: "{{customer_id}}" };
  const endpoint = { url: "https://a.example/facts" };
  assertEquals(
    problems({ tools: { t: other }, assistants: { one: { tools: ["t"], variables: endpoint } } }),
    [],
  );
  assertEquals(problems({ tools: { t: other }, assistants: { one: { tools: ["t"] } } }), [
    "tools.t.body: {{customer_id}} is neither an argument, a variable of the call nor a keypad secret",
  ]);
});
