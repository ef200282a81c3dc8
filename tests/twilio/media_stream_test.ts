import { assertEquals } from "@std/assert";
import { MediaStream } from "../../src/twilio/media_stream.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeSocket, message, startMessage } from "../support/fake_socket.ts";

/** A stream, and what its gate and its call are told. */
function setUp({ refused = false } = {}) {
  const clock = new FakeClock();
  const socket = new FakeSocket();
  const told: string[] = [];
  const observer = {
    media: () => told.push("media"),
    mark: (name: string) => told.push(`mark ${name}`),
    dtmf: () => {},
    skipped: (why: string) => told.push(`skipped ${why}`),
    ended: (how: string) => told.push(`ended ${how}`),
  };
  const gate = {
    admit: () => refused ? { refused: "no valid token" } as const : observer,
    turnedAway: (why: string) => told.push(`turned away: ${why}`),
  };
  const stream = new MediaStream(socket, gate, clock, {
    startMs: 5_000,
    maxFrameBytes: 1_000,
    framesPerSecond: 60,
  });
  return { clock, socket, told, stream };
}

Deno.test("a stream that never starts is turned away once, and leaves no timer", () => {
  const ways: [string, (test: ReturnType<typeof setUp>) => void, number | undefined][] = [
    ["gone before start", ({ socket }) => socket.drop(), undefined],
    ["frame too big", ({ socket }) => socket.receive("x".repeat(1_001)), 1009],
    ["no start in time", ({ clock }) => clock.advance(5_000), 1008],
    ["no valid token", ({ socket }) => socket.receive(startMessage("CA1")), 1008],
  ];
  for (const [why, happen, code] of ways) {
    const test = setUp({ refused: true });
    happen(test);
    test.socket.drop();
    test.clock.advance(10_000);
    assertEquals([test.told, test.socket.closed?.code], [[`turned away: ${why}`], code]);
    assertEquals(test.clock.pending, 0);
  }
});

Deno.test("a stream we close leaves no timer, and nothing more is heard of it", () => {
  const { clock, socket, told, stream } = setUp();
  stream.close();
  socket.receive(startMessage("CA1"));
  socket.receive(message("mark", { name: "m" }));
  stream.clear();
  socket.drop();
  assertEquals([clock.pending, told, socket.sent], [0, [], []]);
});

Deno.test("a socket that never opened is closed like any other", () => {
  const { clock, socket } = setUp();
  socket.readyState = socket.CONNECTING;
  clock.advance(5_000);
  assertEquals(socket.closed, { code: 1008, reason: "no start in time" });
});

Deno.test("an error and two closes are one end, and close the socket", () => {
  const { socket, told } = setUp();
  socket.receive(startMessage("CA1"));
  socket.onerror?.(new Event("error"));
  socket.drop();
  socket.drop();
  assertEquals([told, socket.closed?.code], [["ended error"], 1000]);
});

Deno.test("a frame as long as allowed is read", () => {
  const { socket, told } = setUp();
  socket.receive(startMessage("CA1"));
  const empty = message("mark", { name: "" }).length;
  socket.receive(message("mark", { name: "x".repeat(1_000 - empty) }));
  socket.receive(message("mark", { name: "x".repeat(1_001 - empty) }));
  assertEquals(told, [`mark ${"x".repeat(1_000 - empty)}`, "skipped too big"]);
});

Deno.test("silence earns no more frames than ten seconds' worth", () => {
  const { clock, socket, told } = setUp();
  socket.receive(startMessage("CA1"));
  clock.advance(3_600_000);
  for (let i = 0; i < 600; i++) socket.receive(message("mark", { name: "m" }));
  assertEquals(told.length, 600);
  socket.receive(message("mark", { name: "m" }));
  assertEquals(told.slice(600), ["ended flood"]);
});

Deno.test("a line is congested while more than 64 KiB wait in its socket", () => {
  const { socket, stream } = setUp();
  socket.bufferedAmount = 65_536;
  assertEquals([stream.congested, stream.buffered], [false, 65_536]);
  socket.bufferedAmount++;
  assertEquals(stream.congested, true);
});
