import { assertEquals } from "@std/assert";
import { Admission, type AdmissionRules } from "../../src/calls/admission.ts";
import { emptyCounts } from "../support/empty_counts.ts";
import { FakeClock } from "../support/fake_clock.ts";

let calls = 0;

/** Another call with each use. */
const call = (from: string, attestation?: "A" | "B" | "C") => ({
  callSid: `CA${++calls}`,
  from,
  to: "+15559870000",
  ...(attestation ? { attestation } : {}),
});

function admission(rules: Partial<AdmissionRules> = {}) {
  const clock = new FakeClock();
  return { clock, admission: new Admission({ denied: [], ...rules }, emptyCounts(clock)) };
}

Deno.test("Admission without rules admits every call", () => {
  const { admission: open } = admission();
  for (let i = 0; i < 1_000; i++) assertEquals(open.admit(call("anonymous"), i), undefined);
});

Deno.test("Admission matches callers by number, prefix, and names such as anonymous", () => {
  const cases: [rules: Partial<AdmissionRules>, from: string, refusal: string | undefined][] = [
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
  for (const [rules, from, refusal] of cases) {
    assertEquals(
      admission(rules).admission.admit(call(from), 0),
      refusal,
      `${JSON.stringify(rules)} ${from}`,
    );
  }
});

Deno.test("Admission matches the number of a SIP caller", () => {
  const rules = { denied: ["+1555*"], allowed: ["+1*"] };
  const admission = new Admission(rules, emptyCounts());
  const check = (from: string) => admission.check({ callSid: "CA1", from, to: "" }, 0);
  assertEquals(check("sip:+15551230000@sip.example.com"), "denied caller");
  assertEquals(check("sips:+14155550123@sip.example.com;user=phone"), undefined);
  assertEquals(check("sip:ann@sip.example.com"), "caller not allowed");
});

Deno.test("Admission requires the configured attestation or a higher one", () => {
  const verdicts = (minAttestation: "A" | "B" | "C") =>
    (["A", "B", "C", undefined] as const).map((attestation) =>
      admission({ minAttestation }).admission.admit(call("+15551230000", attestation), 0) ?? "admitted"
    );
  assertEquals(verdicts("A"), ["admitted", "attestation", "attestation", "attestation"]);
  assertEquals(verdicts("B"), ["admitted", "admitted", "attestation", "attestation"]);
  assertEquals(verdicts("C"), ["admitted", "admitted", "admitted", "attestation"]);
});

Deno.test("Admission refuses calls beyond maxCalls", () => {
  const { admission: limited } = admission({ maxCalls: 2 });
  assertEquals([0, 1, 2, 3].map((count) => limited.admit(call("+1"), count)), [
    undefined,
    undefined,
    "full",
    "full",
  ]);
});

Deno.test("Admission limits calls per caller and hour without counting refused ones", () => {
  const { clock, admission: limited } = admission({ maxPerCallerHour: 2, maxCalls: 10 });
  const ring = (from: string) => limited.admit(call(from), 0) ?? "admitted";
  assertEquals(ring("+1"), "admitted");
  clock.advance(1_800_000);
  assertEquals([ring("+1"), ring("+1"), ring("+2")], ["admitted", "caller rate limit", "admitted"]);
  clock.advance(1_799_999);
  assertEquals(ring("+1"), "caller rate limit");
  clock.advance(1);
  assertEquals([ring("+1"), ring("+1")], ["admitted", "caller rate limit"]);
  assertEquals(limited.admit(call("+3"), 10), "full");
  assertEquals([ring("+3"), ring("+3"), ring("+3")], ["admitted", "admitted", "caller rate limit"]);
});

Deno.test("Admission expires a caller's old calls and keeps later ones", () => {
  const { clock, admission: limited } = admission({ maxPerCallerHour: 2 });
  const ring = (from: string) => limited.admit(call(from), 0) ?? "admitted";
  assertEquals(ring("+1"), "admitted");
  clock.advance(1_800_000);
  assertEquals([ring("+1"), ring("+2")], ["admitted", "admitted"]);
  clock.advance(1_800_000);
  assertEquals([ring("+2"), ring("+1"), ring("+1")], ["admitted", "admitted", "caller rate limit"]);
});

Deno.test("Admission limits calls from and to a number in 24 hours", () => {
  const { clock, admission: limited } = admission({ maxPerCallerHour: 2, maxPerNumberDay: 3 });
  const ring = (from: string) => limited.admit(call(from), 0) ?? "admitted";
  limited.count("+1");
  clock.advance(3_600_000);
  assertEquals([ring("+1"), ring("+1"), ring("+1"), ring("+2")], [
    "admitted",
    "admitted",
    "caller rate limit",
    "admitted",
  ]);
  clock.advance(3_600_000);
  assertEquals([ring("+1"), limited.isAtDayLimit("+1"), limited.isAtDayLimit("+2")], [
    "number day limit",
    true,
    false,
  ]);
  clock.advance(86_400_000 - 7_200_000);
  assertEquals([ring("+1"), ring("+1")], ["admitted", "number day limit"]);
});

Deno.test("Admission refuses every call while draining", () => {
  const { admission: draining } = admission();
  draining.drain();
  assertEquals([draining.draining, draining.admit(call("+1"), 0)], [true, "draining"]);
});
