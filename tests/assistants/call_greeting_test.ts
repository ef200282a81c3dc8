import { assertEquals, assertMatch } from "@std/assert";
import type { Assistant } from "../../src/assistants/assistant.ts";
import { AssistantFactory } from "../../src/assistants/assistant_factory.ts";
import type { SpokenAudio } from "../../src/assistants/call_assistant.ts";
import { encodeMulaw } from "../../src/audio/g711.js";
import { writeWav } from "../../src/audio/wav.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { configOf } from "../support/service.ts";
import { load, loadOne, problemsOf } from "./support.ts";

const SAMPLES = new Int16Array(800).fill(1_000);
const AUDIO = encodeMulaw(SAMPLES);
const binary = { "etc/hello.wav": writeWav([SAMPLES], 8_000) };
const file = (text: string) => ({ file: "hello.wav", text });
const CALL = { callSid: "CA1", from: "+15551230000", to: "+15559870000" };
const OUTBOUND = { ...CALL, outbound: true } as const;

/** A factory with one assistant, and the greetings it keeps. */
function setUp(entry: object, kept = new Map<string, SpokenAudio>()) {
  const factory = new AssistantFactory({
    assistants: load({ assistants: { a: { instructions: "I", ...entry } } }, { binary }),
    config: configOf(),
    modelUrl: undefined,
    canRecord: false,
    greetings: {
      find: (key) => kept.get(key),
      add: (key, greeting) => kept.set(key, greeting),
    },
    saveMessage: () => "disk",
    clock: new FakeClock(),
    log: createLog({ level: "error", format: "json", write() {} }),
  });
  const begin = (language?: string, call: Parameters<AssistantFactory["createNow"]>[0] = CALL) => {
    const { greeting, recordedSpeech = [], interruptions } = factory.createNow(call, { language });
    return [
      greeting,
      recordedSpeech.map(({ part, text, isProtected }) => [part, text, isProtected]),
      interruptions?.protectGreeting,
    ];
  };
  return { factory, kept, begin };
}

Deno.test("Recorded greeting and disclosure are read, and the model is asked for neither", () => {
  const entry = { greetingAudio: file("Hello."), disclosure: file("A machine.") };
  const { factory, begin } = setUp(entry);
  assertEquals(begin(), ["", [["disclosure", "A machine.", true], ["greeting", "Hello.", false]], false]);
  assertEquals(factory.createNow(CALL).recordedSpeech?.map(({ audio }) => audio), [AUDIO, AUDIO]);
  assertEquals(setUp({ ...entry, interruptions: { protectGreeting: true } }).begin()[1], [
    ["disclosure", "A machine.", true],
    ["greeting", "Hello.", true],
  ]);
});

Deno.test("Recorded disclosure leaves the greeting to the model, interruptible unless it is protected", () => {
  const entry = { greeting: "Greet.", disclosure: file("A machine.") };
  assertEquals(setUp(entry).begin(), ["Greet.", [["disclosure", "A machine.", true]], false]);
  const isProtected = setUp({ ...entry, interruptions: { protectGreeting: true } });
  assertEquals(isProtected.begin()[2], true);
});

Deno.test("Recorded speech is in the first language, unless another language has its own", () => {
  const { begin } = setUp({
    greeting: "Greet.",
    language: "en",
    greetingAudio: file("Hello."),
    disclosure: file("A machine."),
    languages: {
      de: { greetingAudio: file("Hallo."), disclosure: file("Eine Maschine.") },
      es: {},
    },
  });
  const recorded = (disclosure: string, greeting: string) => [
    ["disclosure", disclosure, true],
    ["greeting", greeting, false],
  ];
  assertEquals(begin("en"), ["", recorded("A machine.", "Hello."), false]);
  assertEquals(begin("de"), ["", recorded("Eine Maschine.", "Hallo."), false]);
  const [greeting, ...rest] = begin("es");
  assertMatch(String(greeting), /A machine\.\n.*Greet\./);
  assertEquals(rest, [[], true]);
});

Deno.test("Cached greeting is found by what its sound depends on", () => {
  const entry = { greeting: "Greet.", greetingAudio: "cache" };
  const { factory, kept, begin } = setUp(entry);
  assertEquals(begin(), ["Greet.", [], false]);
  factory.createNow(CALL).keepGreeting?.({ text: "Hello.", audio: AUDIO });
  assertEquals([kept.size, begin()], [1, ["", [["greeting", "Hello.", false]], false]]);
  assertEquals(factory.createNow(CALL).keepGreeting, undefined);
  const others = [
    { voice: "cedar" },
    { speed: 1.1 },
    { model: "gpt-realtime" },
    { language: "de" },
    { greeting: "Say hello." },
    { instructions: "J" },
    { disclosure: "A machine." },
  ];
  for (const other of others) {
    assertEquals(setUp({ ...entry, ...other }, kept).begin()[1], [], Object.keys(other).join());
  }
});

Deno.test("Cached greeting with a disclosure that the model spoke is protected as a whole", () => {
  const { factory, begin } = setUp({ greeting: "Greet.", greetingAudio: "cache", disclosure: "A machine." });
  assertEquals(begin()[2], true);
  factory.createNow(CALL).keepGreeting?.({ text: "A machine. Hello.", audio: AUDIO });
  assertEquals(begin(), ["", [["greeting", "A machine. Hello.", true]], false]);
});

Deno.test("Greeting that may contain data of the call is never kept", () => {
  const entry = { greeting: "Greet.", greetingAudio: "cache" };
  const keeps = (more: object, call = {}, options = {}) =>
    setUp({ ...entry, ...more }).factory.createNow({ ...CALL, ...call }, options).keepGreeting !== undefined;
  assertEquals(keeps({}), true);
  assertEquals(keeps({}, OUTBOUND), true);
  assertEquals(keeps({ greeting: "Greet {{name}}." }), false);
  assertEquals(keeps({ instructions: "You know {{name}}." }), false);
  assertEquals(keeps({ disclosure: "For {{name}}." }), false);
  assertEquals(keeps({ voicemail: { leave: "For {{name}}." } }, OUTBOUND), false);
  assertEquals(keeps({}, OUTBOUND, { objective: "Remind Ann of her test." }), false);
  assertEquals(keeps({ greeting: "" }), false);
});

Deno.test("Recorded speech that its text cannot describe is a problem", () => {
  const problems = (entry: object) => problemsOf(entry, {}, { binary });
  assertEquals(problems({ greetingAudio: file("Hello {{name}}.") }), [
    "assistants.one.greetingAudio.text: found {{name}}, but the words of a file are always the same",
  ]);
  assertEquals(problems({ greetingAudio: file("Hello."), disclosure: "A machine." }), [
    "assistants.one.disclosure: the model cannot say this in front of a recorded greeting; set it to an object " +
    "with file and text",
  ]);
  assertEquals(
    problems({
      language: "en",
      greetingAudio: file("Hello."),
      languages: { de: { greetingAudio: file("Hallo."), disclosure: "Eine Maschine." } },
    }),
    [
      "assistants.one.languages.de.disclosure: the model cannot say this in front of a recorded greeting; set it " +
      "to an object with file and text",
    ],
  );
  assertEquals(problems({ greetingAudio: { file: "none.wav", text: "Hello." } }), [
    'assistants.one.greetingAudio.file: found "none.wav", which does not exist; set it to an existing WAV file, ' +
    "relative to the assistants file",
  ]);
});

Deno.test("Cache of greetings that has no effect is warned of", () => {
  const warnings = (entry: object) =>
    load({ assistants: { one: { greetingAudio: "cache", ...entry } } }).warnings
      .map((warning) => warning.replace(/^etc\/a\.jsonc:\d+:\d+: /, "")).filter((text) => /cache/.test(text));
  const where = "assistants.one.greetingAudio: cache has no effect because";
  assertEquals(warnings({}), []);
  assertEquals(warnings({ greeting: "" }), [`${where} the greeting is empty`]);
  assertEquals(warnings({ instructions: "It is {{now}}." }), [
    `${where} {{now}} in instructions, greeting or disclosure differs from call to call`,
  ]);
});

Deno.test("Assistant without greetingAudio and disclosure has neither", () => {
  const { greetingAudio, disclosure }: Assistant = loadOne({});
  assertEquals([greetingAudio, disclosure], [undefined, undefined]);
});
