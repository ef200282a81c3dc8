import { assertEquals } from "@std/assert";
import { Admission, type AdmissionRules } from "../../src/calls/admission.ts";
import { FakeClock } from "../support/fake_clock.ts";

const call = (from: string, attestation?: "A" | "B" | "C") => ({
  callSid: "CA1",
  from,
  to: "+15559870000",
  ...(attestation ? { attestation } : {}),
});

function admission(rules: Partial<AdmissionRules> = {}) {
  const clock = new FakeClock();
  return { clock, admission: new Admission({ denied: [], ...rules }, clock) };
}

Deno.test("Admission without rules takes every call", () => {
  const { admission: open } = admission();
  for (let i = 0; i < 1_000; i++) assertEquals(open.refuse(call("anonymous"), i), undefined);
});

Deno.test("Admission knows callers by number, by the beginning of it, and by what the network says instead", () => {
  const cases: [rules: Partial<AdmissionRules>, from: string, why: string | undefined][] = [
    [{ denied: ["+15551230000"] }, "+15551230000", "denied caller"],
    [{ denied: ["+15551230000"] }, "+155512300001", undefined],
    [{ denied: ["+1555*"] }, "+15559999999", "denied caller"],
    [{ denied: ["+1555*"] }, "+1556", undefined],
    [{ denied: ["anonymous"] }, "anonymous", "denied caller"],
    [{ allowed: ["+49*", "+15551230000"] }, "+4930123", undefined],
    [{ allowed: ["+49*", "+15551230000"] }, "+15551230000", undefined],
    [{ allowed: ["+49*", "+15551230000"] }, "+15551230001", "caller not allowed"],
    [{ allowed: [] }, "+15551230000", "caller not allowed"],
    [{ allowed: ["+1*"], denied: ["+1900*"] }, "+19001234567", "denied caller"],
  ];
  for (const [rules, from, why] of cases) {
    assertEquals(admission(rules).admission.refuse(call(from), 0), why, `${JSON.stringify(rules)} ${from}`);
  }
});

Deno.test("Admission wants the attestation configured, or a better one", () => {
  const verdicts = (minAttestation: "A" | "B" | "C") =>
    (["A", "B", "C", undefined] as const).map((given) =>
      admission({ minAttestation }).admission.refuse(call("+15551230000", given), 0) ?? "taken"
    );
  assertEquals(verdicts("A"), ["taken", "attestation", "attestation", "attestation"]);
  assertEquals(verdicts("B"), ["taken", "taken", "attestation", "attestation"]);
  assertEquals(verdicts("C"), ["taken", "taken", "taken", "attestation"]);
});

Deno.test("Admission takes so many calls at a time", () => {
  const { admission: limited } = admission({ maxCalls: 2 });
  assertEquals([0, 1, 2, 3].map((count) => limited.refuse(call("+1"), count)), [
    undefined,
    undefined,
    "full",
    "full",
  ]);
});

Deno.test("Admission takes so many calls an hour of each caller; refused ones do not count", () => {
  const { clock, admission: limited } = admission({ perCallerAndHour: 2, maxCalls: 10 });
  const ring = (from: string) => limited.refuse(call(from), 0) ?? "taken";
  assertEquals(ring("+1"), "taken");
  clock.advance(1_800_000);
  assertEquals([ring("+1"), ring("+1"), ring("+2")], ["taken", "calls of one caller", "taken"]);
  clock.advance(1_799_999);
  assertEquals(ring("+1"), "calls of one caller");
  clock.advance(1);
  assertEquals([ring("+1"), ring("+1")], ["taken", "calls of one caller"]);
  assertEquals(limited.refuse(call("+3"), 10), "full");
  assertEquals([ring("+3"), ring("+3"), ring("+3")], ["taken", "taken", "calls of one caller"]);
});

Deno.test("Admission forgets an old call of a caller without forgetting a later one", () => {
  const { clock, admission: limited } = admission({ perCallerAndHour: 2 });
  const ring = (from: string) => limited.refuse(call(from), 0) ?? "taken";
  assertEquals(ring("+1"), "taken");
  clock.advance(1_800_000);
  assertEquals([ring("+1"), ring("+2")], ["taken", "taken"]);
  clock.advance(1_800_000);
  assertEquals([ring("+2"), ring("+1"), ring("+1")], ["taken", "taken", "calls of one caller"]);
});

Deno.test("Admission takes nothing while draining", () => {
  const { admission: draining } = admission();
  draining.drain();
  assertEquals([draining.draining, draining.refuse(call("+1"), 0)], [true, "draining"]);
});
