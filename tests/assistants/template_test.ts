import { assertEquals } from "@std/assert";
import { callVariables, fill } from "../../src/assistants/template.ts";
import { namesIn } from "../../src/tools/template.ts";

Deno.test("fill() puts values in the place of names, and leaves out what has none", () => {
  const values = { caller: "+1", name: "Ann", empty: "" };
  const cases: [template: string, text: string, unknown: string[]][] = [
    ["Greet {{name}} ({{ caller }}).", "Greet Ann (+1).", []],
    ["{{name}}{{name}}", "AnnAnn", []],
    ["<{{empty}}><{{other}}><{{other}}>", "<><><>", ["other"]],
    ["{{constructor}}{{__proto__}}{{toString}}", "", ["constructor", "__proto__", "toString"]],
    ["{name} {{na me}} {{}} {{name} }}", "{name} {{na me}} {{}} {{name} }}", []],
    ["{{{name}}}", "{Ann}", []],
    ["$& $1 no names", "$& $1 no names", []],
  ];
  for (const [template, text, unknown] of cases) {
    assertEquals(fill(template, values), { text, unknown }, template);
  }
});

Deno.test("a value stays text", () => {
  const values = { caller: "{{secret}}", secret: "S", half: "{{", rest: "secret}}", dollar: "$& $1 $`" };
  assertEquals(fill("{{caller}}", values).text, "{{secret}}");
  assertEquals(fill("{{half}}{{rest}}", values).text, "{{secret}}");
  assertEquals(fill("a{{dollar}}b", values).text, "a$& $1 $`b");
});

Deno.test("namesIn() finds each name once, however deep", () => {
  const value = { a: "{{x}} {{ y.z }}", b: [{ c: "{{x}}" }, 1, null, true], "{{key}}": "none" };
  assertEquals(namesIn(value), ["x", "y.z"]);
  assertEquals([namesIn(undefined), namesIn(3)], [[], []]);
});

Deno.test("callVariables() says the time where the assistant is", () => {
  const at = Date.parse("2026-11-20T23:30Z");
  const call = { caller: "+1", called: "+2", at };
  const { now = "", ...others } = callVariables({ ...call, timeZone: "Europe/Berlin", objective: "Sell." });
  assertEquals(others, { caller: "+1", called: "+2", objective: "Sell." });
  // Versions of Deno differ in the comma.
  assertEquals(now.replace(",", ""), "Saturday 21 November 2026 at 00:30");
  assertEquals(
    /^Friday,? 20 .* 18:30$/.test(callVariables({ ...call, timeZone: "America/New_York" }).now ?? ""),
    true,
  );
  assertEquals(callVariables(call).objective, "");
});
