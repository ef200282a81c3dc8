import { assertEquals } from "@std/assert";
import { connectWebSocket } from "../../../src/model/web_socket/web_socket.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { RawWebSocketServer } from "../../support/raw_web_socket_server.ts";
import { ChangeSignal } from "../../support/wait_until.ts";

const FIN_PING = 0x89, FIN_PONG = 0x8a, FIN_TEXT = 0x81;
const DEAD = [1006, "the server did not answer a ping"];

/** A socket that pings every 2 s and waits 3 s, its peer, and what its handlers received. */
async function connect(pingPayload = () => "") {
  const server = new RawWebSocketServer();
  const clock = new FakeClock();
  const changes = new ChangeSignal();
  const received: { texts: string[]; pongs: string[]; suspects: boolean[]; close?: [number, string] } = {
    texts: [],
    pongs: [],
    suspects: [],
  };
  const record = (change: () => void) => {
    change();
    changes.notify();
  };
  const [socket, peer] = await Promise.all([
    connectWebSocket(server.url, {
      clock,
      pingEveryMs: 2_000,
      pongMs: 3_000,
      pingPayload,
      handlers: {
        onMessage: (text) => record(() => received.texts.push(text)),
        onPong: (payload) => record(() => received.pongs.push(payload)),
        onSuspect: (suspect) => record(() => received.suspects.push(suspect)),
        onClose: (code, reason) => record(() => received.close = [code, reason]),
      },
    }),
    server.accept().then(async (peer) => {
      await peer.grant();
      return peer;
    }),
  ]);
  return {
    clock,
    socket,
    peer,
    received,
    until: <Value>(what: string, find: () => Value | undefined) =>
      changes.until(what, () => find() || undefined),
    closed: () => changes.until("the socket's close", () => received.close),
    /** Reads frames until a ping; returns its payload. */
    async ping(): Promise<Uint8Array> {
      for (;;) {
        const frame = await peer.frame();
        if (!frame) throw new Error("the socket closed");
        if (frame.opcode === FIN_PING) return frame.payload;
      }
    },
    async pong(payload: Uint8Array): Promise<void> {
      await peer.write([FIN_PONG, payload.length, ...payload]);
    },
    /** Sends a text message and waits until the socket has received it. */
    async sendText(text: string) {
      const before = received.texts.length;
      await peer.write([FIN_TEXT, text.length, ...new TextEncoder().encode(text)]);
      await changes.until(`the message "${text}"`, () => received.texts.length > before || undefined);
    },
    [Symbol.dispose]() {
      peer.conn.close();
      server[Symbol.dispose]();
    },
  };
}

Deno.test("WebSocketClient reports a line dead 5 s after its last byte", async () => {
  using link = await connect();
  await link.sendText("last words");
  link.clock.advance(2_000);
  await link.ping();
  link.clock.advance(2_999);
  await link.until("suspicion", () => link.received.suspects.length);
  assertEquals(link.socket.isOpen, true);
  link.clock.advance(1);
  assertEquals(await link.closed(), DEAD);
  assertEquals(link.clock.pending, 0);
});

Deno.test("WebSocketClient pings every 2 s and stays open while pongs arrive", async () => {
  using link = await connect();
  for (let count = 1; count <= 5; count++) {
    link.clock.advance(2_000);
    await link.pong(await link.ping());
    await link.until("the pong", () => link.received.pongs.length === count);
  }
  assertEquals(link.received.suspects, []);
  link.socket.close();
  link.clock.advance(2_000);
  assertEquals((await link.closed())[0], 1006);
  assertEquals(link.clock.pending, 0);
});

Deno.test("WebSocketClient reports a pong's payload, which answers all pings before it", async () => {
  let sent = 0;
  using link = await connect(() => `${sent}`);
  for (sent of [20, 40, 60]) {
    link.clock.advance(500);
    link.socket.ping();
  }
  const pings = [await link.ping(), await link.ping(), await link.ping()];
  await link.pong(pings[1]!);
  await link.until("the second ping's pong", () => link.received.pongs.length);
  // The first is answered already, and an unsolicited pong answers nothing.
  await link.pong(pings[0]!);
  await link.pong(Uint8Array.of(0x36, 0x30));
  await link.pong(pings[2]!);
  await link.until("the third ping's pong", () => link.received.pongs.includes("60"));
  assertEquals(link.received.pongs, ["40", "60"]);
});

Deno.test("WebSocketClient reports a suspect line after 600 ms and its recovery", async () => {
  using link = await connect();
  link.clock.advance(2_000);
  const ping = await link.ping();
  link.clock.advance(600);
  await link.until("suspicion", () => link.received.suspects.length);
  await link.pong(ping);
  await link.until("recovery", () => link.received.suspects.length === 2);
  assertEquals(link.received.suspects, [true, false]);
});

Deno.test("WebSocketClient does not judge a line before it has read what arrived while the event loop was blocked", async () => {
  using link = await connect();
  link.clock.advance(2_000);
  const ping = await link.ping();
  // Both in one turn: the pong is in the kernel when the timer fires.
  const written = link.pong(ping);
  link.clock.advance(3_000);
  await written;
  await link.until("the pong", () => link.received.pongs.length);
  assertEquals([link.socket.isOpen, link.received.suspects], [true, []]);
});
