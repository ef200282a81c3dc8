import { assertEquals } from "@std/assert";
import { connectWebSocket } from "../../../src/model/web_socket/web_socket.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { RawWebSocketServer } from "../../support/raw_web_socket_server.ts";

const FIN_PING = 0x89, FIN_PONG = 0x8a, FIN_TEXT = 0x81;

async function connect() {
  const server = new RawWebSocketServer();
  const clock = new FakeClock();
  const closed = Promise.withResolvers<[number, string]>();
  let received = Promise.withResolvers<string>();
  const [socket, peer] = await Promise.all([
    connectWebSocket(server.url, {
      clock,
      handlers: {
        onMessage: (text) => received.resolve(text),
        onClose: (code, reason) => closed.resolve([code, reason]),
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
    closed: closed.promise,
    /** Sends a text message and waits until the socket has received it. */
    async sendText(text: string) {
      received = Promise.withResolvers();
      await peer.write([FIN_TEXT, text.length, ...new TextEncoder().encode(text)]);
      assertEquals(await received.promise, text);
    },
    [Symbol.dispose]() {
      peer.conn.close();
      server[Symbol.dispose]();
    },
  };
}

Deno.test("WebSocketClient pings after 20 s of silence and closes 10 s later without a reply", async () => {
  using link = await connect();
  link.clock.advance(19_999);
  link.clock.advance(1);
  assertEquals((await link.peer.frame())?.opcode, FIN_PING);
  link.clock.advance(10_000);
  assertEquals(await link.closed, [1006, "the server did not answer a ping"]);
  assertEquals(link.clock.pending, 0);
});

Deno.test("WebSocketClient stays open while the server sends pongs or messages", async () => {
  using link = await connect();
  for (let i = 0; i < 3; i++) {
    link.clock.advance(20_000);
    assertEquals((await link.peer.frame())?.opcode, FIN_PING);
    await link.peer.write([FIN_PONG, 0]);
    await link.sendText("still here");
  }
  for (let i = 0; i < 5; i++) {
    link.clock.advance(15_000);
    await link.sendText("talking");
  }
  assertEquals(link.socket.isOpen, true);
  link.socket.close();
  link.clock.advance(2_000);
  assertEquals((await link.closed)[0], 1006);
  assertEquals(link.clock.pending, 0);
});
