import { assertEquals } from "@std/assert";
import { routeCall } from "../../src/assistants/call_routing.ts";
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

/** Called number, caller, time, expected assistant and reason. */
const CALLS: [to: string, from: string, at: number, name: string, why: string][] = [
  ["+8150", "+8160", NIGHT, "fallback", "no rule matches, so the default assistant takes it"],
  ["+8150", "+8160", NOON, "open", "the time is mon 12:00 in Europe/Berlin, within 09:00 to 17:00"],
  ["+8150", "+4989", NOON, "german", "the caller matches +49*"],
  ["+8150", "+4930", NOON, "berlin", "the caller matches +4930*"],
  ["+8150", "+4930123", NOON, "vip", "the caller matches +4930123"],
  ["+8150", "+49301234", NOON, "berlin", "the caller matches +4930*"],
  ["+8150", "anonymous", NOON, "berlin", "the caller matches anonymous"],
  ["+1666", "+4930123", NOON, "america", "the called number matches +1*"],
  ["+15550199", "+1", NOON, "number", "the called number matches +15550199"],
  ["+15550100", "+1", NIGHT, "number", "the called number matches +15550100"],
  [
    "+15550100",
    "+1",
    NOON,
    "number_open",
    "the called number matches +15550100, and the time is mon 12:00 in Europe/Berlin, within 09:00 to 17:00",
  ],
  [
    "+15550100",
    "+49",
    NOON,
    "number_german",
    "the called number matches +15550100, and the caller matches +49*",
  ],
  [
    "sip:a@b",
    "client:anna",
    NOON,
    "sip",
    "the called number matches sip:*, and the caller matches client:anna",
  ],
  ["sip:a@b", "client:annabel", NIGHT, "fallback", "no rule matches, so the default assistant takes it"],
  [
    "+442012",
    "+331",
    NOON,
    "both",
    "the called number matches +4420*, and the caller matches +331, and the time is mon 12:00 in Europe/Berlin, within 09:00 to 17:00",
  ],
  ["", "", NIGHT, "fallback", "no rule matches, so the default assistant takes it"],
];

for (const [to, from, at, name, why] of CALLS) {
  Deno.test(`routeCall() sends a call to "${to}" from "${from}" at ${new Date(at).toISOString()} to ${name}`, () => {
    const chosen = routeCall({ to, from, at }, ASSISTANTS);
    assertEquals([chosen.assistant.name, chosen.reason], [name, why]);
  });
}

Deno.test("routeCall() does not depend on the order of the rules", () => {
  const reversed = { ...ASSISTANTS, rules: ASSISTANTS.rules.toReversed() };
  for (const [to, from, at, name] of CALLS) {
    assertEquals(routeCall({ to, from, at }, reversed).assistant.name, name, `${to} ${from}`);
  }
});

Deno.test("routeCall() requires every field of a rule to match", () => {
  const { assistants, rules, ...rest } = ASSISTANTS;
  const only = { ...rest, assistants, rules: rules.filter(({ assistant }) => assistant === "both") };
  assertEquals(routeCall({ to: "+4420", from: "+33", at: NOON }, only).assistant.name, "both");
  for (const call of [{ to: "+45" }, { from: "+34" }, { at: NIGHT }]) {
    assertEquals(routeCall({ to: "+4420", from: "+33", at: NOON, ...call }, only).assistant.name, "fallback");
  }
});
