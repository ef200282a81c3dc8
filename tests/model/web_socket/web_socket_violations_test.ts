import { assertEquals } from "@std/assert";
import { connectWebSocket } from "../../../src/model/web_socket/web_socket.ts";
import { RawWebSocketServer } from "../../support/raw_web_socket_server.ts";

const utf8 = (text: string) => [...new TextEncoder().encode(text)];

/** Protocol violations by a server and the close code the client must send (RFC 6455, 5 and 7.4.1). */
const VIOLATIONS: [name: string, code: number, frames: number[]][] = [
  ["a masked frame", 1002, [0x81, 0x82, 1, 2, 3, 4, 0x69, 0x6b]],
  ["RSV1, as if compressed", 1002, [0xc1, 2, 0x68, 0x69]],
  ["RSV2", 1002, [0xa1, 0]],
  ["RSV3 on a ping", 1002, [0x99, 0]],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [string, number, number[]] => [
    `the reserved opcode ${opcode}`,
    1002,
    [0x80 | opcode, 0],
  ]),
  ["a fragmented ping", 1002, [0x09, 0]],
  ["a fragmented close", 1002, [0x08, 0]],
  ["a ping of 126 bytes", 1002, [0x89, 126, 0, 126, ...new Array(126).fill(0x61)]],
  ["a close frame with a long length", 1002, [0x88, 127, 0, 0, 0, 0, 0, 0, 0, 2, 3, 232]],
  ["a continuation frame without a first frame", 1002, [0x80, 1, 0x61]],
  ["a second message inside a fragmented one", 1002, [0x01, 1, 0x61, 0x81, 1, 0x62]],
  ["a 16-bit length for 125 bytes", 1002, [0x81, 126, 0, 125, ...new Array(125).fill(0x61)]],
  ["a 64-bit length for 65535 bytes", 1002, [0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]],
  ["a length with its highest bit set", 1002, [0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]],
  ["half a close code", 1002, [0x88, 1, 3]],
  ...[0, 999, 1004, 1005, 1006, 1015, 1100, 2000, 2999, 5000, 65535].map((
    code,
  ): [string, number, number[]] => [
    `the close code ${code}`,
    1002,
    [0x88, 2, code >> 8, code & 255],
  ]),
  ["a binary message", 1003, [0x82, 1, 0]],
  ["a text message with half a character", 1007, [0x81, 1, 0xc3]],
  ["a text message with an overlong form", 1007, [0x81, 2, 0xc0, 0xaf]],
  ["a text message with a surrogate", 1007, [0x81, 3, 0xed, 0xa0, 0x80]],
  ["fragments with half a character at the end", 1007, [0x01, 2, 0x61, 0xe2, 0x80, 1, 0x82]],
  ["a close reason that is not UTF-8", 1007, [0x88, 4, 0x03, 0xe8, 0xff, 0xfe]],
  ["a message of 2 GiB", 1009, [0x81, 127, 0, 0, 0, 0, 0x80, 0, 0, 0]],
  ["a message of 1001 bytes in fragments", 1009, [
    0x01,
    126,
    0x01,
    0xf4,
    ...new Array(500).fill(0x61),
    0x80,
    126,
    1,
    0xf5,
  ]],
];

async function closesWith(expected: number, frames: number[], byteByByte: boolean): Promise<void> {
  using server = new RawWebSocketServer();
  const messages: string[] = [];
  const closes: number[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const connecting = connectWebSocket(server.url, {
    maxMessageBytes: 1000,
    handlers: {
      onMessage: (text) => messages.push(text),
      onClose: (code) => {
        closes.push(code);
        resolve();
      },
    },
  });
  using peer = await server.accept();
  const stream = [0x81, 2, ...utf8("hi"), ...frames];
  if (byteByByte) {
    peer.conn.setNoDelay(true);
    await peer.grant();
    await connecting;
    // The client may disconnect before the last byte.
    for (const byte of stream) await peer.write([byte]).catch(() => {});
  } else {
    await peer.grant([...stream, 0x81, 4, ...utf8("more")]);
    await connecting;
  }
  const closeFrame = await peer.frame();
  await closed;
  assertEquals(closeFrame, { opcode: 0x88, payload: Uint8Array.of(expected >> 8, expected & 255) });
  assertEquals(closes, [expected]);
  assertEquals(messages, ["hi"]);
}

for (const [name, code, frames] of VIOLATIONS) {
  Deno.test(`WebSocketClient closes with ${code} after ${name}`, async () => {
    await closesWith(code, frames, false);
    await closesWith(code, frames, true);
  });
}
