import { assertEquals } from "@std/assert";
import { route } from "../../src/assistants/route.ts";
import { load } from "./support.ts";

const BERLIN = { timeZone: "Europe/Berlin", from: "09:00", to: "17:00" };
const NOON = Date.parse("2026-11-23T12:00+01:00");
const NIGHT = Date.parse("2026-11-23T22:00+01:00");

const ASSISTANTS = load({
  default: "fallback",
  assistants: {
    fallback: {},
    open: { answers: { hours: BERLIN } },
    german: { answers: { from: ["+49*"] } },
    berlin: { answers: { from: ["+4930*", "anonymous"] } },
    vip: { answers: { from: ["+4930123"] } },
    america: { answers: { to: ["+1*"] } },
    number: { answers: { to: ["+15550100", "+15550199"] } },
    number_open: { answers: { to: ["+15550100"], hours: BERLIN } },
    number_german: { answers: { to: ["+15550100"], from: ["+49*"] } },
    sip: { answers: { to: ["sip:*"], from: ["client:anna"] } },
    both: { answers: { to: ["+44*", "+4420*"], from: ["+33*", "+331"], hours: [BERLIN] } },
  },
});

/** Dialled number, caller, time, and who takes the call why. */
const CALLS: [to: string, from: string, at: number, name: string, why: string][] = [
  ["+8150", "+8160", NIGHT, "fallback", "it fits no assistant, so the default one takes it"],
  ["+8150", "+8160", NOON, "open", "it is mon 12:00 in Europe/Berlin, within 09:00 to 17:00"],
  ["+8150", "+4989", NOON, "german", "it answers callers from +49*"],
  ["+8150", "+4930", NOON, "berlin", "it answers callers from +4930*"],
  ["+8150", "+4930123", NOON, "vip", "it answers callers from +4930123"],
  ["+8150", "+49301234", NOON, "berlin", "it answers callers from +4930*"],
  ["+8150", "anonymous", NOON, "berlin", "it answers callers from anonymous"],
  ["+1666", "+4930123", NOON, "america", "it answers +1*"],
  ["+15550199", "+1", NOON, "number", "it answers +15550199"],
  ["+15550100", "+1", NIGHT, "number", "it answers +15550100"],
  [
    "+15550100",
    "+1",
    NOON,
    "number_open",
    "it answers +15550100, and it is mon 12:00 in Europe/Berlin, within 09:00 to 17:00",
  ],
  ["+15550100", "+49", NOON, "number_german", "it answers +15550100, and it answers callers from +49*"],
  ["sip:a@b", "client:anna", NOON, "sip", "it answers sip:*, and it answers callers from client:anna"],
  ["sip:a@b", "client:annabel", NIGHT, "fallback", "it fits no assistant, so the default one takes it"],
  [
    "+442012",
    "+331",
    NOON,
    "both",
    "it answers +4420*, and it answers callers from +331, and it is mon 12:00 in Europe/Berlin, within 09:00 to 17:00",
  ],
  ["", "", NIGHT, "fallback", "it fits no assistant, so the default one takes it"],
];

for (const [to, from, at, name, why] of CALLS) {
  Deno.test(`a call to "${to}" from "${from}" at ${new Date(at).toISOString()} is for ${name}`, () => {
    const chosen = route({ to, from, at }, ASSISTANTS);
    assertEquals([chosen.assistant.name, chosen.why], [name, why]);
  });
}

Deno.test("the order in the file does not matter", () => {
  const turned = { ...ASSISTANTS, rules: ASSISTANTS.rules.toReversed() };
  for (const [to, from, at, name] of CALLS) {
    assertEquals(route({ to, from, at }, turned).assistant.name, name, `${to} ${from}`);
  }
});

Deno.test("a rule that fits in part does not fit", () => {
  const { assistants, rules, ...rest } = ASSISTANTS;
  const only = { ...rest, assistants, rules: rules.filter(({ assistant }) => assistant === "both") };
  assertEquals(route({ to: "+4420", from: "+33", at: NOON }, only).assistant.name, "both");
  for (const call of [{ to: "+45" }, { from: "+34" }, { at: NIGHT }]) {
    assertEquals(route({ to: "+4420", from: "+33", at: NOON, ...call }, only).assistant.name, "fallback");
  }
});
