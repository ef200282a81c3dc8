import { assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { createLog, type LogFormat, type LogLevel } from "../../src/telemetry/log.ts";

function setUp(format: LogFormat, level: LogLevel = "info") {
  const lines: string[] = [];
  const log = createLog({ level, format, secrets: ["sk-very-secret"], write: (line) => lines.push(line) });
  return { log, lines };
}

Deno.test("Log writes time, level, event, context and fields as JSON", () => {
  const { log, lines } = setUp("json");
  log.with({ call: "CA1" }).warn("mark lost", { mark: "m1", count: 2, none: undefined });
  const { time, ...line } = JSON.parse(lines[0] ?? "");
  assertEquals(line, { level: "warn", event: "mark lost", call: "CA1", mark: "m1", count: 2 });
  assertEquals(new Date(time).toISOString(), time);
});

Deno.test("Log omits lines below its level", () => {
  const { log, lines } = setUp("json", "warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assertEquals(lines.length, 2);
});

Deno.test("Log masks phone numbers and secrets at any level", () => {
  for (const format of ["json", "pretty"] as const) {
    const { log, lines } = setUp(format, "debug");
    log.debug("x", { from: "+15551230000", note: "call +442071838750 with sk-very-secret now" });
    log.debug("x", { from: "sip:15551230000@sip.example.com", to: "tel:15551230000", call: "CA15551230000" });
    assertNotMatch((lines[1] ?? "").replace("CA15551230000", ""), /5551230/);
    assertStringIncludes(lines[1] ?? "", "CA15551230000");
    const line = lines[0] ?? "";
    assertNotMatch(line, /5551230|071838|sk-very-secret/);
    assertStringIncludes(line, "+15…00");
    assertStringIncludes(line, "[secret]");
  }
});

Deno.test("Log escapes text that could forge a line or control a terminal", () => {
  const evil = 'a\nINFO fake event\r\u001b[31mred\u009b1m\u2028\u202e "quoted" x=y';
  for (const format of ["json", "pretty"] as const) {
    const { log, lines } = setUp(format);
    log.info("x", { text: evil });
    // deno-lint-ignore no-control-regex -- control characters are searched for
    assertNotMatch(lines.join(""), /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
  }
  const { log, lines } = setUp("json");
  log.info("x", { text: evil });
  assertEquals(JSON.parse(lines[0] ?? "").text, evil);
});
