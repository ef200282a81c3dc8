import { assertEquals } from "@std/assert";
import { formatTimeline, Timeline } from "../../../src/simulator/caller/timeline.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("counts from the start of the stream, before which times are negative", () => {
  const clock = new FakeClock();
  const timeline = new Timeline(() => clock.now());
  timeline.note("twilio", "requests TwiML");
  clock.advance(250);
  timeline.streamStarts();
  clock.advance(1000);
  timeline.note("assistant", "is silent");
  timeline.note("assistant", "speaks", { atMs: 500, detail: "noticed late" });
  assertEquals(timeline.entries, [
    { atMs: -250, who: "twilio", what: "requests TwiML" },
    { atMs: 500, who: "assistant", what: "speaks", detail: "noticed late" },
    { atMs: 1000, who: "assistant", what: "is silent" },
  ]);
});

Deno.test("prints a line for each entry, one for marks in a row", () => {
  const mark = (atMs: number, detail: string) => ({ atMs, who: "twilio" as const, what: "mark", detail });
  const text = formatTimeline([
    { atMs: -31, who: "twilio", what: "requests TwiML" },
    mark(1000, "a"),
    { atMs: 1234.6, who: "server", what: "clear", detail: "80 ms discarded unheard" },
    mark(1235, "b"),
    mark(1236, "c"),
    mark(1240, "d"),
    { atMs: 12_340, who: "twilio", what: "warning 31950", detail: "a binary frame", times: 3 },
  ]);
  assertEquals(text.split("\n").map((line) => line.trim()), [
    "-0.03 s  twilio     requests TwiML",
    "1.00 s  twilio     mark  a",
    "1.23 s  server     clear  80 ms discarded unheard",
    '1.24 s  twilio     mark  3 came back, the last "d"',
    "12.34 s  twilio     warning 31950  a binary frame  (3 times)",
  ]);
});
