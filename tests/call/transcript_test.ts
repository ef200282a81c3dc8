import { assertEquals } from "@std/assert";
import { Transcript } from "../../src/call/transcript.ts";

const said = (transcript: Transcript) => transcript.turns().map(({ who, text }) => `${who}: ${text}`);

Deno.test("Transcript is in the order of the conversation, however late words come", () => {
  const transcript = new Transcript();
  transcript.added("a0", undefined, "assistant", 0);
  transcript.added("u1", "a0", "caller", 1_000);
  transcript.added("a1", "u1", "assistant", 2_000);
  transcript.added("u2", "a1", "caller", 3_000);
  transcript.said("a0", "assistant", "Hello.", 500);
  transcript.said("a1", "assistant", "Nine to five.", 2_500);
  transcript.said("u2", "caller", "Thanks.", 4_000);
  transcript.said("u1", "caller", " When are you open? ", 5_000);
  assertEquals(said(transcript), [
    "assistant: Hello.",
    "caller: When are you open?",
    "assistant: Nine to five.",
    "caller: Thanks.",
  ]);
});

Deno.test("Transcript puts an item where it belongs, also one that is told of late, and leaves notes out", () => {
  const transcript = new Transcript();
  transcript.said("a1", "assistant", "Second.", 2);
  transcript.added("u1", undefined, "caller", 1);
  transcript.added("n1", "u1", undefined, 1);
  transcript.added("a1", "n1", "assistant", 2);
  transcript.said("u1", "caller", "First.", 3);
  transcript.added("x", "nobody knows", "caller", 4);
  assertEquals(said(transcript), ["caller: First.", "assistant: Second.", "caller: undefined"]);
});

Deno.test("Transcript has of an interrupted answer what was heard, cut between words", () => {
  const cases: [number, string | undefined][] = [
    [10_000, "One two three four."],
    [5_000, "One two"],
    [9_999, "One two three"],
    [100, ""],
  ];
  for (const [heardMs, text] of cases) {
    const transcript = new Transcript();
    transcript.said("a", "assistant", "One two three four.", 0);
    transcript.heard("a", heardMs, 10_000, true, 0);
    assertEquals(transcript.turns().map((turn) => turn.text), [text]);
  }
});

Deno.test("Transcript leaves out an answer of which nothing was heard, and keeps a turn without words", () => {
  const transcript = new Transcript();
  transcript.heard("a", 0, 3_000, true, 0);
  transcript.said("a", "assistant", "Never heard.", 0);
  transcript.added("u", "a", "caller", 7);
  assertEquals(transcript.turns(), [{ who: "caller", atMs: 7 }]);
});

Deno.test("Transcript has how long answers took", () => {
  const transcript = new Transcript();
  const latency = { modelMs: 1, sentMs: 2, heardMs: 3 };
  transcript.timed("a", latency, 5);
  transcript.heard("a", 300, 300, false, 5);
  assertEquals(transcript.turns(), [{ who: "assistant", atMs: 5, heardMs: 300, totalMs: 300, latency }]);
});
