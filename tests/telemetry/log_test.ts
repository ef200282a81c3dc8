import { assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { createLog, type LogFormat, type LogLevel } from "../../src/telemetry/log.ts";

function setUp(format: LogFormat, level: LogLevel = "info") {
  const lines: string[] = [];
  const log = createLog({ level, format, secrets: ["sk-very-secret"], write: (line) => lines.push(line) });
  return { log, lines };
}

Deno.test("json lines carry time, level, event, the call and the fields", () => {
  const { log, lines } = setUp("json");
  log.with({ call: "CA1" }).warn("mark lost", { mark: "m1", count: 2, none: undefined });
  const { time, ...line } = JSON.parse(lines[0] ?? "");
  assertEquals(line, { level: "warn", event: "mark lost", call: "CA1", mark: "m1", count: 2 });
  assertEquals(new Date(time).toISOString(), time);
});

Deno.test("lines under the level are not written", () => {
  const { log, lines } = setUp("json", "warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assertEquals(lines.length, 2);
});

Deno.test("phone numbers are masked and secrets hidden, at any level", () => {
  for (const format of ["json", "pretty"] as const) {
    const { log, lines } = setUp(format, "debug");
    log.debug("x", { from: "+15551230000", note: "call +442071838750 with sk-very-secret now" });
    const line = lines[0] ?? "";
    assertNotMatch(line, /5551230|071838|sk-very-secret/);
    assertStringIncludes(line, "+15…00");
    assertStringIncludes(line, "[secret]");
  }
});

Deno.test("text from outside cannot forge a line or reach the terminal", () => {
  const evil = 'a\nINFO fake event\r\u001b[31mred\u009b1m\u2028\u202e "quoted" x=y';
  for (const format of ["json", "pretty"] as const) {
    const { log, lines } = setUp(format);
    log.info("x", { text: evil });
    // deno-lint-ignore no-control-regex -- control characters are what is looked for
    assertNotMatch(lines.join(""), /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
  }
  const { log, lines } = setUp("json");
  log.info("x", { text: evil });
  assertEquals(JSON.parse(lines[0] ?? "").text, evil);
});
