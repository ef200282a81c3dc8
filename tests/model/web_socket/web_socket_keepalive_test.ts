import { assertEquals } from "@std/assert";
import { dial } from "../../../src/model/web_socket/web_socket.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { RawServer } from "../raw_server.ts";

const FIN_PING = 0x89, FIN_PONG = 0x8a, FIN_TEXT = 0x81;

async function connect() {
  const server = new RawServer();
  const clock = new FakeClock();
  const closed = Promise.withResolvers<[number, string]>();
  let told = Promise.withResolvers<string>();
  const [socket, peer] = await Promise.all([
    dial(server.url, {
      clock,
      handlers: {
        onMessage: (text) => told.resolve(text),
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
    /** Sends a text, and waits until it was read. */
    async say(text: string) {
      told = Promise.withResolvers();
      await peer.write([FIN_TEXT, text.length, ...new TextEncoder().encode(text)]);
      assertEquals(await told.promise, text);
    },
    [Symbol.dispose]() {
      peer.conn.close();
      server[Symbol.dispose]();
    },
  };
}

Deno.test("a socket on which nothing comes pings, and is dead when nothing comes back", async () => {
  using line = await connect();
  line.clock.advance(19_999);
  line.clock.advance(1);
  assertEquals((await line.peer.frame())?.opcode, FIN_PING);
  line.clock.advance(10_000);
  assertEquals(await line.closed, [1006, "the server did not answer a ping"]);
  assertEquals(line.clock.pending, 0);
});

Deno.test("a socket whose pings are answered, or that hears anything at all, lives on", async () => {
  using line = await connect();
  for (let i = 0; i < 3; i++) {
    line.clock.advance(20_000);
    assertEquals((await line.peer.frame())?.opcode, FIN_PING);
    await line.peer.write([FIN_PONG, 0]);
    await line.say("still here");
  }
  for (let i = 0; i < 5; i++) {
    line.clock.advance(15_000);
    await line.say("talking");
  }
  assertEquals(line.socket.isOpen, true);
  line.socket.close();
  line.clock.advance(2_000);
  assertEquals((await line.closed)[0], 1006);
  assertEquals(line.clock.pending, 0);
});
