import { assertEquals } from "@std/assert";
import { CallEventStream } from "../../src/call/call_event_stream.ts";

Deno.test("CallEventStream calls the handlers of an event's type in the order of subscription", () => {
  const events = new CallEventStream();
  const seen: string[] = [];
  events.on("tools idle", () => seen.push("first"));
  events.on("tool started", () => seen.push("other"));
  events.on(["tool started", "tools idle"], ({ type }) => seen.push(type));
  events.emit({ type: "tools idle" });
  events.emit({ type: "key pressed" });
  assertEquals(seen, ["first", "tools idle"]);
});

Deno.test("CallEventStream delivers a nested event before the next handler of the outer one", () => {
  const events = new CallEventStream();
  const seen: string[] = [];
  events.on("tool started", () => events.emit({ type: "tools idle" }));
  events.on("tool started", () => seen.push("outer"));
  events.on("tools idle", () => seen.push("nested"));
  events.emit({ type: "tool started" });
  assertEquals(seen, ["nested", "outer"]);
});
