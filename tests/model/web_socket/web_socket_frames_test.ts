import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { FrameError } from "../../../src/model/web_socket/frame.ts";
import { FrameReader } from "../../../src/model/web_socket/frame_reader.ts";
import { FrameWriter } from "../../../src/model/web_socket/frame_writer.ts";

const utf8 = new TextEncoder();

/** Reads `bytes` in chunks of `step`; returns one line per event. */
function read(bytes: Uint8Array, step = bytes.length, maxMessageBytes = 1 << 20): string[] {
  const events: string[] = [];
  const reader = new FrameReader({
    text: (message) => events.push(`text ${message}`),
    ping: (payload) => events.push(`ping ${new TextDecoder().decode(payload)}`),
    pong: (payload) => events.push(`pong ${new TextDecoder().decode(payload)}`),
    close: (code, reason) => events.push(`close ${code} ${reason}`),
  }, maxMessageBytes);
  for (let at = 0; at < bytes.length;) {
    const chunk = bytes.subarray(at, at + Math.min(step, reader.space.length));
    reader.space.set(chunk);
    if (!reader.readFrames(chunk.length)) break;
    at += chunk.length;
  }
  return events;
}

function bytes(...parts: (number[] | string)[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => typeof part === "string" ? [...utf8.encode(part)] : part));
}

Deno.test("FrameReader reads the examples of RFC 6455, 5.7, in chunks of any size", () => {
  const stream = bytes(
    [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], // "Hello"
    [0x01, 0x03, 0x48, 0x65, 0x6c], // "Hel", more follows
    [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], // a ping in between
    [0x80, 0x02, 0x6c, 0x6f], // "lo"
    [0x8a, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], // an unsolicited pong
    [0x01, 0x01, 0x48, 0x00, 0x00, 0x80, 0x01, 0x69], // "H", nothing, "i"
  );
  for (let step = 1; step <= stream.length; step++) {
    const events = ["text Hello", "ping Hello", "text Hello", "pong Hello", "text Hi"];
    assertEquals(read(stream, step), events, `step ${step}`);
  }
});

Deno.test("FrameWriter writes the masked text frame of RFC 6455, 5.7", () => {
  const writer = new FrameWriter((pool) => pool.set([0x37, 0xfa, 0x21, 0x3d]));
  writer.text("Hello");
  const frame = [...writer.flush()];
  assertEquals(frame, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
});

Deno.test("FrameWriter uses the shortest header for every byte length", () => {
  const zeros = new FrameWriter(() => {}); // A zero mask leaves the payload readable.
  const sizes: [string, number[]][] = [
    ["", [0x81, 0x80]],
    ["a".repeat(125), [0x81, 0x80 | 125]],
    ["a".repeat(126), [0x81, 0xfe, 0, 126]],
    ["€".repeat(42), [0x81, 0xfe, 0, 126]], // 42 characters, 126 bytes: the first guess of the header is too short.
    ["a".repeat(65535), [0x81, 0xfe, 0xff, 0xff]],
    ["€".repeat(21845), [0x81, 0xfe, 0xff, 0xff]],
    ["a".repeat(65536), [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]],
    ["é".repeat(32768), [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]],
  ];
  for (const [text, header] of sizes) {
    zeros.text(text);
    const frame = zeros.flush();
    assertEquals([...frame.subarray(0, header.length)], header);
    assertEquals(new TextDecoder().decode(frame.subarray(header.length + 4)), text);
  }
});

Deno.test("FrameWriter appends frames and leaves flushed bytes unchanged", () => {
  const writer = new FrameWriter(() => {});
  writer.text("one");
  writer.text("two");
  assertEquals(writer.length, 18);
  const flushed = writer.flush();
  assertEquals(writer.length, 0);
  writer.text("three".repeat(2000));
  assertEquals([...flushed], [...bytes([0x81, 0x83, 0, 0, 0, 0], "one", [0x81, 0x83, 0, 0, 0, 0], "two")]);
});

Deno.test("FrameWriter uses a new mask for every frame and refills its pool", () => {
  let next = 0;
  let fills = 0;
  const writer = new FrameWriter((pool) => {
    fills++;
    for (let at = 0; at < pool.length; at += 4) new DataView(pool.buffer).setUint32(at, ++next);
  });
  const masks = new Set<number>();
  for (let frame = 0; frame < 1000; frame++) {
    writer.text("x");
    const flushed = writer.flush();
    masks.add(new DataView(flushed.buffer, flushed.byteOffset).getUint32(2));
  }
  assertEquals(masks.size, 1000);
  assertEquals(fills, 4);
});

Deno.test("FrameWriter writes close frames with and without a code, and truncates the reason", () => {
  const writer = new FrameWriter(() => {});
  writer.close(1005, "");
  assertEquals([...writer.flush()], [0x88, 0x80, 0, 0, 0, 0]);
  writer.close(3000, "€".repeat(50));
  const frame = writer.flush();
  assertEquals([...frame.subarray(0, 8)], [0x88, 0x80 | 125, 0, 0, 0, 0, 0x0b, 0xb8]);
  assertEquals(new TextDecoder().decode(frame.subarray(8)), "€".repeat(41));
});

Deno.test("FrameReader reads messages longer than its buffer at any alignment", () => {
  const long = "0123456789abcdef".repeat(10_000);
  const stream = bytes([0x81, 1], "a", [0x81, 127, 0, 0, 0, 0, 0, 2, 0x71, 0], long, [0x81, 1], "b");
  for (const step of [1000, 4096, 65_536, 1 << 20]) {
    assertEquals(read(stream, step), ["text a", `text ${long}`, "text b"], `step ${step}`);
  }
});

Deno.test("FrameReader rejects a message that is too long by its header", () => {
  const announced = bytes([0x81, 127, 0, 0, 0, 0, 0x40, 0, 0, 0]);
  assertEquals(assertThrows(() => read(announced), FrameError).code, 1009);
  const inFragments = bytes([0x01, 3], "abc", [0x80, 126, 0, 126]);
  assertEquals(assertThrows(() => read(inFragments, 1, 128), FrameError).code, 1009);
  assertEquals(read(bytes([0x01, 3], "abc", [0x80, 3], "def"), 1, 6), ["text abcdef"]);
});

Deno.test("FrameReader reports 1005 for a close frame without a code, and reads nothing after a close frame", () => {
  assertEquals(read(bytes([0x88, 0], [0x81, 1], "x")), ["close 1005 "]);
  assertEquals(read(bytes([0x88, 5, 0x0f, 0xa0], "bye")), ["close 4000 bye"]);
  assertNotEquals(read(bytes([0x88, 2, 0x03, 0xf6])), []); // 1014 is registered.
});
