import { assertEquals, assertStringIncludes } from "@std/assert";
import { asJson } from "../support/as_json.ts";
import { load, loadOne, problemsOf } from "./support.ts";

const SHARED = {
  destinations: { sales: { number: "+15550100" } },
  afterCall: { url: "https://crm.example" },
};

Deno.test("outage names a destination, which counts as used", () => {
  const { outage } = loadOne({ outage: { then: "transfer", to: "sales" } }, SHARED);
  assertEquals([outage.then, outage.to?.number], ["transfer", "+15550100"]);
  assertEquals(
    load({ ...SHARED, assistants: { one: { outage: { then: "transfer", to: "sales" } } } }).warnings,
    [],
  );
  assertEquals(asJson(loadOne({}).outage), { then: "hang up" });
});

Deno.test("outage with an unknown destination, or without one, is an error", () => {
  const [unknown] = problemsOf({ outage: { then: "transfer", to: "sale" } }, SHARED);
  assertStringIncludes(unknown ?? "", 'outage.to: found "sale", which does not exist; allowed: sales');
  const [missing] = problemsOf({ outage: { then: "transfer" } }, SHARED);
  assertStringIncludes(missing ?? "", "outage.then: found transfer without to; name a destination in to");
});

Deno.test("outage.audio that does not exist is an error", () => {
  const [problem] = problemsOf({ outage: { audio: "sorry.wav" } }, SHARED);
  assertStringIncludes(problem ?? "", 'outage.audio: found "sorry.wav", which does not exist');
});

Deno.test("outage warns of a destination without effect, and of messages that nobody receives", () => {
  const warnings = (outage: object, rest: object = SHARED) =>
    load({ ...rest, assistants: { one: { outage } } }).warnings.join();
  assertStringIncludes(
    warnings({ then: "callback", to: "sales" }),
    "outage.to: has no effect because then is callback; set it to transfer",
  );
  for (const then of ["callback", "voicemail"]) {
    assertStringIncludes(warnings({ then }, {}), "only in the call's record without afterCall");
  }
  assertEquals(warnings({ then: "hang up" }, {}), "");
});
