import { assert, assertEquals } from "@std/assert";
import { RequestSeal } from "../../src/dialer/sealed_request.ts";
import { FakeClock } from "../support/fake_clock.ts";

const ANN = "+15551230000";
const REQUEST = { to: ANN, assistant: "sales", objective: "Confirm Friday", variables: { name: "Zoë" } };

Deno.test("RequestSeal opens at every instance with its secret, for its own call, until it expires", () => {
  const clock = new FakeClock();
  const sealed = new RequestSeal(clock, "secret").seal(REQUEST, 60_000);
  assertEquals(encodeURIComponent(sealed), sealed);
  const other = new RequestSeal(clock, "secret");
  assertEquals(other.open(sealed, ANN), REQUEST);
  assertEquals(other.open(sealed, "+15559990000"), undefined);
  assertEquals(new RequestSeal(clock, "another").open(sealed, ANN), undefined);
  assertEquals(new RequestSeal(clock).open(sealed, ANN), undefined);
  clock.advance(60_000);
  assertEquals(other.open(sealed, ANN), undefined);
});

Deno.test("RequestSeal.bind() makes a seal that opens for one CallSid only, and while the call may last", () => {
  const clock = new FakeClock();
  const seal = new RequestSeal(clock, "secret");
  const sealed = seal.seal(REQUEST, 60_000);
  const bound = seal.bind(sealed, { to: ANN, callSid: "CA1" });
  assert(bound !== undefined);
  assertEquals(seal.open(bound, ANN, "CA1"), REQUEST);
  assertEquals(seal.open(bound, ANN, "CA2"), undefined, "another call to the same number");
  assertEquals(seal.open(bound, ANN), undefined, "the webhook of another call");
  assertEquals(seal.open(sealed, ANN, "CA1"), undefined, "a seal without a call");
  assertEquals(seal.bind(sealed, { to: "+15559990000", callSid: "CA1" }), undefined);
  clock.advance(60_000);
  assertEquals(seal.open(bound, ANN, "CA1"), REQUEST);
  assertEquals(seal.bind(sealed, { to: ANN, callSid: "CA1" }), undefined, "expired before it was bound");
});

Deno.test("RequestSeal does not open after any change of a character", () => {
  const seal = new RequestSeal(new FakeClock(), "secret");
  const sealed = seal.seal(REQUEST, 60_000);
  for (let at = 0; at < sealed.length - 1; at++) {
    const changed = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
    assertEquals(seal.open(changed, ANN), undefined, String(at));
  }
  for (const text of ["", "A", sealed.slice(0, 20), sealed + "AAAA"]) {
    assertEquals(seal.open(text, ANN), undefined);
  }
});

Deno.test("RequestSeal hides the request, because URLs are logged", () => {
  const sealed = new RequestSeal(new FakeClock(), "secret").seal(
    { to: ANN, objective: "a".repeat(200) },
    60_000,
  );
  const other = new RequestSeal(new FakeClock(), "secret").seal(
    { to: ANN, objective: "a".repeat(200) },
    60_000,
  );
  assert(sealed !== other && sealed.length < 200);
});
