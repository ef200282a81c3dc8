import { assertEquals } from "@std/assert";
import { MediaStream } from "../../src/twilio/media_stream.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeSocket, message, startMessage } from "../support/fake_socket.ts";

/** A stream, and the events its gate and its observer receive. */
function setUp({ refused = false } = {}) {
  const clock = new FakeClock();
  const socket = new FakeSocket();
  const events: string[] = [];
  const observer = {
    media: () => events.push("media"),
    mark: (name: string) => events.push(`mark ${name}`),
    dtmf: () => {},
    frameSkipped: (reason: string) => events.push(`skipped ${reason}`),
    streamEnded: (reason: string) => events.push(`ended ${reason}`),
  };
  const gate = {
    admit: () => refused ? { refused: "no valid token" } as const : observer,
    rejected: (reason: string) => events.push(`rejected: ${reason}`),
  };
  const stream = new MediaStream(socket, gate, clock, {
    startMs: 5_000,
    maxFrameBytes: 1_000,
    framesPerSecond: 60,
  });
  return { clock, socket, events, stream };
}

Deno.test("MediaStream rejects a stream without a valid start once and leaves no timer", () => {
  const cases: [string, (test: ReturnType<typeof setUp>) => void, number | undefined][] = [
    ["gone before start", ({ socket }) => socket.drop(), undefined],
    ["frame too big", ({ socket }) => socket.receive("x".repeat(1_001)), 1009],
    ["no start in time", ({ clock }) => clock.advance(5_000), 1008],
    ["no valid token", ({ socket }) => socket.receive(startMessage("CA1")), 1008],
  ];
  for (const [reason, act, code] of cases) {
    const test = setUp({ refused: true });
    act(test);
    test.socket.drop();
    test.clock.advance(10_000);
    assertEquals([test.events, test.socket.closed?.code], [[`rejected: ${reason}`], code]);
    assertEquals(test.clock.pending, 0);
  }
});

Deno.test("MediaStream.close() leaves no timer and reports nothing more", () => {
  const { clock, socket, events, stream } = setUp();
  stream.close();
  socket.receive(startMessage("CA1"));
  socket.receive(message("mark", { name: "m" }));
  stream.clear();
  socket.drop();
  assertEquals([clock.pending, events, socket.sent], [0, [], []]);
});

Deno.test("MediaStream closes a socket that never opened", () => {
  const { clock, socket } = setUp();
  socket.readyState = socket.CONNECTING;
  clock.advance(5_000);
  assertEquals(socket.closed, { code: 1008, reason: "no start in time" });
});

Deno.test("MediaStream reports one end after an error and two closes", () => {
  const { socket, events } = setUp();
  socket.receive(startMessage("CA1"));
  socket.onerror?.(new Event("error"));
  socket.drop();
  socket.drop();
  assertEquals([events, socket.closed?.code], [["ended error"], 1000]);
});

Deno.test("MediaStream reads a frame of exactly maxFrameBytes", () => {
  const { socket, events } = setUp();
  socket.receive(startMessage("CA1"));
  const empty = message("mark", { name: "" }).length;
  socket.receive(message("mark", { name: "x".repeat(1_000 - empty) }));
  socket.receive(message("mark", { name: "x".repeat(1_001 - empty) }));
  assertEquals(events, [`mark ${"x".repeat(1_000 - empty)}`, "skipped too big"]);
});

Deno.test("MediaStream limits a burst to ten seconds of frames after silence", () => {
  const { clock, socket, events } = setUp();
  socket.receive(startMessage("CA1"));
  clock.advance(3_600_000);
  for (let i = 0; i < 600; i++) socket.receive(message("mark", { name: "m" }));
  assertEquals(events.length, 600);
  socket.receive(message("mark", { name: "m" }));
  assertEquals(events.slice(600), ["ended flood"]);
});

Deno.test("MediaStream is congested above 64 KiB of unsent audio", () => {
  const { socket, stream } = setUp();
  socket.bufferedAmount = 65_536;
  assertEquals([stream.congested, stream.bufferedBytes], [false, 65_536]);
  socket.bufferedAmount++;
  assertEquals(stream.congested, true);
});

Deno.test("MediaStream is lost when 10 s of congestion bring no progress, and not while bytes leave", () => {
  const { clock, socket, events, stream } = setUp();
  socket.receive(startMessage("CA1"));
  socket.bufferedAmount = 70_000;
  stream.media(new Uint8Array(800));
  clock.advance(9_999);
  socket.bufferedAmount = 69_999;
  clock.advance(9_999);
  assertEquals([events, stream.congested], [[], true]);
  clock.advance(2);
  assertEquals(events, ["ended error"]);
  assertEquals([socket.closed?.code, clock.pending], [1000, 0]);
});

Deno.test("MediaStream that is no longer congested stays", () => {
  const { clock, socket, events, stream } = setUp();
  socket.receive(startMessage("CA1"));
  socket.bufferedAmount = 70_000;
  stream.media(new Uint8Array(800));
  socket.bufferedAmount = 0;
  clock.advance(30_000);
  assertEquals([events, clock.pending], [[], 0]);
  socket.bufferedAmount = 70_000;
  stream.media(new Uint8Array(800));
  stream.close();
  assertEquals(clock.pending, 0);
});
