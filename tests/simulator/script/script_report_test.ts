import { assertEquals } from "@std/assert";
import { formatScriptReport } from "../../../src/simulator/script/script_report.ts";

Deno.test("formatScriptReport() prints a line for each step with its problems, and a verdict", () => {
  const text = formatScriptReport({
    name: "transfers to sales",
    passed: false,
    steps: [
      { location: "case.json:3", actor: "model", title: 'says "Hello."', state: "ok", problems: [] },
      {
        location: "case.json:12",
        actor: "model",
        title: "calls transfer_call",
        state: "failed",
        problems: ["output.ok: expected true, got false", 'output.error: expected /sales/, got "no"'],
      },
      {
        location: "case.json:13",
        actor: "model",
        title: "calls look_up",
        state: "ok",
        problems: [],
        notes: ['look_up answered with the error "Nothing found."'],
      },
      { location: "case.json:14", actor: "caller", title: "hangs up", state: "not reached", problems: [] },
      { location: "", actor: "call", title: "the caller hung up", state: "ok", problems: [] },
    ],
  });
  assertEquals(
    text,
    `transfers to sales

  ok           case.json:3   model   says "Hello."
  failed       case.json:12  model   calls transfer_call
               output.ok: expected true, got false
               output.error: expected /sales/, got "no"
  ok           case.json:13  model   calls look_up
               look_up answered with the error "Nothing found."
  not reached  case.json:14  caller  hangs up
  ok                         call    the caller hung up

failed: 1 of 5 steps
`,
  );
});

Deno.test("formatScriptReport() escapes control characters and shortens long texts", () => {
  const text = formatScriptReport({
    name: "x",
    passed: true,
    steps: [{
      location: "a",
      actor: "model",
      title: "says \u001b[2Jx\ny\u009b2K",
      state: "ok",
      problems: ["a\r\nb" + "c".repeat(600)],
    }],
  });
  const [, , step, problem] = text.split("\n");
  assertEquals(step, "  ok           a  model   says \\u001b[2Jx\\u000ay\\u009b2K");
  assertEquals(problem?.trim(), `a\\u000d\\u000ab${"c".repeat(486)}…`);
  assertEquals(text.trimEnd().split("\n").at(-1), "passed");
});
