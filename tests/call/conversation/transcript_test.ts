import { assertEquals } from "@std/assert";
import { type Said, Transcript } from "../../../src/call/conversation/transcript.ts";

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
  transcript.added("u2", "u1", "caller", 5);
  transcript.said("u2", "caller", "And more.", 5);
  assertEquals(said(transcript).slice(0, 2), ["caller: First.", "caller: And more."]);
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

Deno.test("Transcript tells each thing said as its words come, in its place, and what of it nobody heard", () => {
  const told: Said[] = [];
  const transcript = new Transcript((said) => told.push(said));
  transcript.added("u", undefined, "caller", 0);
  transcript.wordsCame("a", "assistant", "We open", 1_000);
  transcript.wordsCame("a", "assistant", " at nine", 1_100);
  transcript.said("a", "assistant", "We open at nine today.", 1_200);
  transcript.wordsCame("a", "assistant", " a word too late", 1_300);
  assertEquals(told.map(({ id, previous, text, done }) => [id, previous, text, done]), [
    ["u", undefined, "", false],
    ["a", "u", "", false],
    ["a", "u", "We open", false],
    ["a", "u", "We open at nine", false],
    ["a", "u", "We open at nine today.", true],
  ]);
  transcript.heard("a", 500, 1_000, true, 1_500);
  const cut = {
    id: "a",
    previous: "u",
    who: "assistant",
    text: "We open at",
    unheard: "nine today.",
  } as const;
  assertEquals(told.at(-1), { ...cut, done: true, heardMs: 500, cut: true });
  assertEquals(transcript.all(), [told[0], told.at(-1)]);
  transcript.added("n", "a", undefined, 2_000);
  assertEquals(transcript.all().length, 2, "a note is said by nobody");
});

Deno.test("Transcript has when each thing was said, made and played", () => {
  const transcript = new Transcript();
  transcript.spoken("u", { fromMs: 100 }, 400);
  transcript.spoken("u", { toMs: 1_900 }, 1_950);
  for (const atMs of [2_000, 2_050, 2_100]) transcript.generated("a", atMs);
  transcript.played("a", 2_010);
  transcript.played("a", 2_110);
  transcript.heard("a", 800, 1_000, true, 2_900);
  const [caller, assistant] = transcript.turns();
  assertEquals(caller?.spoken, { fromMs: 100, toMs: 1_900 });
  assertEquals(assistant?.generated, { fromMs: 2_000, toMs: 2_100 });
  assertEquals(assistant?.played, { fromMs: 2_010, toMs: 2_900 });
});

Deno.test("Transcript retells what was said and noted, in order and as far as it was heard, its end only", () => {
  const told: Said[] = [];
  const transcript = new Transcript((said) => told.push(said));
  assertEquals(transcript.retold(), "");
  transcript.added("a0", undefined, "assistant", 0);
  transcript.said("a0", "assistant", "Hello there.", 0);
  transcript.noted("The caller pressed 1", 1);
  transcript.noted("The caller pressed 2", 2);
  transcript.added("u1", "a0", "caller", 3);
  transcript.said("u1", "caller", "Hi.", 3);
  transcript.said("a1", "assistant", "One two three four.", 4);
  transcript.heard("a1", 500, 1_000, true, 4);
  transcript.said("a2", "assistant", "Nobody heard this.", 5);
  transcript.heard("a2", 0, 0, true, 5);
  const notes = "Note: The caller pressed 1\nNote: The caller pressed 2";
  assertEquals(transcript.retold(), `You: Hello there.\n${notes}\nCaller: Hi.\nYou: One two`);
  assertEquals(told.find(({ id }) => id === "u1")?.previous, "a0", "notes are nobody's words");
  transcript.added("u0", "a0", "caller", 7);
  transcript.said("u0", "caller", "Oh.", 7);
  assertEquals(transcript.retold().split("\n").slice(2, 5), [
    notes.split("\n")[1],
    "Caller: Oh.",
    "Caller: Hi.",
  ]);
  assertEquals(transcript.all().map(({ id }) => id), ["a0", "u0", "u1", "a1", "a2"]);
  assertEquals(transcript.all().at(-1), {
    id: "a2",
    previous: "a1",
    who: "assistant",
    text: "",
    unheard: "Nobody heard this.",
    done: true,
    heardMs: 0,
    cut: true,
  });
  transcript.said("u2", "caller", "x".repeat(7_000), 6);
  assertEquals(transcript.retold(), "x".repeat(6_000));
});

Deno.test("Transcript takes back what has no words yet, and tells those who watch", () => {
  const told: Said[] = [];
  const transcript = new Transcript((said) => told.push(said));
  transcript.spoken("u1", { fromMs: 0 }, 0);
  transcript.spoken("u2", { fromMs: 5 }, 5);
  transcript.said("u2", "caller", "Hello?", 6);
  assertEquals([transcript.takeBack("u1"), transcript.takeBack("u2"), transcript.takeBack("u3")], [
    true,
    false,
    false,
  ]);
  assertEquals(told.at(-1), { id: "u1", who: "caller", text: "", done: true });
  assertEquals(transcript.turns().map(({ text }) => text), ["Hello?"]);
  assertEquals(transcript.all().length, 1);
});

Deno.test("Transcript believes who says a thing also where the server did not say who", () => {
  const transcript = new Transcript();
  transcript.added("u", undefined, undefined, 0);
  transcript.said("u", "caller", "Hello?", 1);
  assertEquals(said(transcript), ["caller: Hello?"]);
});
