import { assertEquals, assertMatch } from "@std/assert";
import { callVariables, dateTimeFormat, fillTemplate } from "../../src/assistants/call_variables.ts";
import { placeholderNames } from "../../src/placeholders.ts";

Deno.test("fillTemplate() replaces names with values, and names without a value with nothing", () => {
  const values = { caller: "+1", name: "Ann", empty: "" };
  const cases: [template: string, text: string, missing: string[]][] = [
    ["Greet {{name}} ({{ caller }}).", "Greet Ann (+1).", []],
    ["{{name}}{{name}}", "AnnAnn", []],
    ["<{{empty}}><{{other}}><{{other}}>", "<><><>", ["other"]],
    ["{{constructor}}{{__proto__}}{{toString}}", "", ["constructor", "__proto__", "toString"]],
    ["{name} {{na me}} {{}} {{name} }}", "{name} {{na me}} {{}} {{name} }}", []],
    ["{{{name}}}", "{Ann}", []],
    ["$& $1 no names", "$& $1 no names", []],
  ];
  for (const [template, text, missing] of cases) {
    assertEquals(fillTemplate(template, values), text, template);
    const unknown = placeholderNames(template).filter((name) => !Object.hasOwn(values, name));
    assertEquals(unknown, missing, template);
  }
});

Deno.test("fillTemplate() does not fill placeholders inside values", () => {
  const values = { caller: "{{secret}}", secret: "S", half: "{{", rest: "secret}}", dollar: "$& $1 $`" };
  assertEquals(fillTemplate("{{caller}}", values), "{{secret}}");
  assertEquals(fillTemplate("{{half}}{{rest}}", values), "{{secret}}");
  assertEquals(fillTemplate("a{{dollar}}b", values), "a$& $1 $`b");
});

Deno.test("placeholderNames() finds each name once at any depth", () => {
  const value = { a: "{{x}} {{ y.z }}", b: [{ c: "{{x}}" }, 1, null, true], "{{key}}": "none" };
  assertEquals(placeholderNames(value), ["x", "y.z"]);
  assertEquals([placeholderNames(undefined), placeholderNames(3)], [[], []]);
});

Deno.test("callVariables() formats the time in the assistant's time zone", () => {
  const at = Date.parse("2026-11-20T23:30Z");
  const call = (timeZone: string) => ({
    caller: "+1",
    called: "+2",
    callSid: "CA1",
    at,
    format: dateTimeFormat(timeZone),
  });
  const { now = "", ...variables } = callVariables({ ...call("Europe/Berlin"), objective: "Sell." });
  assertEquals(variables, { caller: "+1", called: "+2", call_sid: "CA1", objective: "Sell." });
  // Versions of Deno differ in the comma.
  assertEquals(now.replace(",", ""), "Saturday 21 November 2026 at 00:30");
  assertMatch(callVariables(call("America/New_York")).now ?? "", /^Friday,? 20 .* 18:30$/);
  assertEquals(callVariables(call("UTC")).objective, "");
});
