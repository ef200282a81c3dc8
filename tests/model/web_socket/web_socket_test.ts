import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { type WebSocket as WsSocket, WebSocketServer } from "ws";
import { dial, DialError, type ModelSocket } from "../../../src/model/web_socket/web_socket.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { RawServer } from "../raw_server.ts";

/** How npm:ws hands over bytes. */
type Printable = { toString(): string };

/** What a socket's handlers are told, to be awaited. */
class Heard {
  readonly messages: string[] = [];
  readonly closes: [number, string][] = [];
  readonly #closed = Promise.withResolvers<[number, string]>();
  #wanted: { count: number; resolve: () => void } | undefined;

  readonly handlers = {
    onMessage: (text: string) => {
      this.messages.push(text);
      if (this.messages.length === this.#wanted?.count) this.#wanted.resolve();
    },
    onClose: (code: number, reason: string) => {
      this.closes.push([code, reason]);
      this.#closed.resolve([code, reason]);
    },
  };

  get closed(): Promise<[number, string]> {
    return this.#closed.promise;
  }

  async count(count: number): Promise<string[]> {
    if (this.messages.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wanted = { count, resolve };
      await promise;
    }
    return this.messages;
  }
}

/** Runs `then` on a socket to a server of npm:ws, and sees that both are gone afterwards. */
async function withWs(
  then: (socket: ModelSocket, server: WsSocket, heard: Heard) => Promise<void>,
  onMessage?: (text: string) => void,
): Promise<void> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  const heard = new Heard();
  try {
    await new Promise<void>((resolve) => server.once("listening", resolve));
    const connected = new Promise<WsSocket>((resolve) => server.once("connection", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    const handlers = onMessage ? { ...heard.handlers, onMessage } : heard.handlers;
    const socket = await dial(`ws://127.0.0.1:${address.port}/`, { handlers });
    await then(socket, await connected, heard);
    socket.close();
    await heard.closed;
    assertEquals(heard.closes.length, 1);
  } finally {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** A server of Deno's own that sends back what it gets. */
function denoEcho(options: { cert?: string; key?: string; hostname?: string } = {}) {
  const { cert, key, hostname = "127.0.0.1" } = options;
  const handler = (request: Request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  };
  const common = { hostname, port: 0, onListen: () => {} };
  return cert && key ? Deno.serve({ ...common, cert, key }, handler) : Deno.serve(common, handler);
}

const SIZES = [0, 1, 125, 126, 65_535, 65_536, 1 << 20];
const TEXTS = [
  ...SIZES.map((size) => "0123456789".repeat(size / 10 + 1).slice(0, size)),
  "Grüße aus 東京 🎧".repeat(5000),
  "\ufeffa byte order mark is a character like any other",
];

Deno.test("npm:ws sends back texts of every size as they were", async () => {
  await withWs(async (socket, server, heard) => {
    server.on("message", (data: Printable) => server.send(data.toString()));
    for (const text of TEXTS) assert(socket.send(text));
    assertEquals(await heard.count(TEXTS.length), TEXTS);
  });
});

Deno.test("Deno's server sends back texts of every size as they were", async () => {
  await using server = denoEcho();
  const heard = new Heard();
  const socket = await dial(`ws://127.0.0.1:${server.addr.port}/`, { handlers: heard.handlers });
  for (const text of TEXTS) assert(socket.send(text));
  assertEquals(await heard.count(TEXTS.length), TEXTS);
  socket.close(3000, "enough");
  assertEquals(await heard.closed, [3000, "enough"]);
});

Deno.test("over TLS, with a certificate that is trusted by name", async () => {
  const cert = await Deno.readTextFile(new URL("../fixtures/test_only_cert.pem", import.meta.url));
  const key = await Deno.readTextFile(new URL("../fixtures/test_only_key.pem", import.meta.url));
  for (const [hostname, name] of [["127.0.0.1", "localhost"], ["::1", "[::1]"]] as const) {
    await using server = denoEcho({ cert, key, hostname });
    const heard = new Heard();
    const url = `wss://${name}:${server.addr.port}/`;
    const socket = await dial(url, { handlers: heard.handlers, caCerts: [cert] });
    for (const text of TEXTS) assert(socket.send(text));
    assertEquals(await heard.count(TEXTS.length), TEXTS);
    socket.close(1000, "enough");
    assertEquals(await heard.closed, [1000, "enough"]);

    const error = await assertRejects(() => dial(url, { handlers: heard.handlers }), DialError);
    assertStringIncludes(error.message, "UnknownIssuer");
  }
});

Deno.test("a burst of messages keeps its order and leaves in few writes", async () => {
  await withWs(async (socket, server, heard) => {
    server.on("message", (data: Printable) => server.send(data.toString()));
    for (let i = 0; i < 20_000; i++) socket.send(`message ${i}`);
    assert(socket.bufferedAmount > 0);
    const messages = await heard.count(20_000);
    assertEquals(messages.findIndex((text, i) => text !== `message ${i}`), -1);
    assertEquals(socket.bufferedAmount, 0);
  });
});

Deno.test("a message in fragments that cut characters, with pings between them, is one message", async () => {
  await withWs(async (_socket, server, heard) => {
    const pongs: string[] = [];
    server.on("pong", (payload: Printable) => pongs.push(payload.toString()));
    const text = "🎧 Grüße aus 東京";
    const utf8 = new TextEncoder().encode(text);
    utf8.forEach((_, at) => {
      server.send(utf8.subarray(at, at + 1), { binary: false, fin: at === utf8.length - 1 });
      server.ping(`${at}`);
    });
    assertEquals(await heard.count(1), [text]);
    await new Promise<void>((resolve) => server.on("pong", () => pongs.length === utf8.length && resolve()));
    assertEquals(pongs, [...utf8.keys()].map(String));
  });
});

Deno.test("the server's close is told with its code and reason, and answered", async () => {
  for (
    const [code, reason] of [[1001, "Your session hit the maximum duration"], [4000, ""], [
      1000,
      "é",
    ]] as const
  ) {
    await withWs(async (socket, server, heard) => {
      const answered = new Promise<number>((resolve) => server.once("close", resolve));
      server.close(code, reason);
      assertEquals(await heard.closed, [code, reason]);
      assertEquals(await answered, code);
      assert(!socket.isOpen);
    });
  }
});

Deno.test("a close without a code is 1005, a connection that breaks is 1006", async () => {
  await withWs(async (_socket, server, heard) => {
    server.close();
    assertEquals(await heard.closed, [1005, ""]);
  });
  await withWs(async (_socket, server, heard) => {
    server.terminate();
    assertEquals((await heard.closed)[0], 1006);
  });
});

Deno.test("our close reaches the server behind what was sent, and nothing is sent or told after it", async () => {
  await withWs(async (socket, server, heard) => {
    const got: string[] = [];
    server.on("message", (data: Printable) => {
      got.push(data.toString());
      server.send("late");
    });
    const closed = new Promise<[number, string]>((resolve) =>
      server.once("close", (code: number, reason: Printable) => resolve([code, reason.toString()]))
    );
    socket.send("last words");
    socket.close(3001, "bye");
    socket.close(3002, "twice");
    assert(!socket.send("too late"));
    assertEquals(socket.dropped, 1);
    assertEquals(await closed, [3001, "bye"]);
    assertEquals(await heard.closed, [3001, "bye"]);
    assertEquals(got, ["last words"]);
    assertEquals(heard.messages, []);
    assert(!socket.send("far too late"));
  });
});

Deno.test("a server that never says goodbye is left after two seconds", async () => {
  using server = new RawServer();
  const clock = new FakeClock();
  const heard = new Heard();
  const dialled = dial(server.url, { handlers: heard.handlers, clock });
  using peer = await server.accept();
  await peer.grant();
  const socket = await dialled;
  assertEquals(clock.pending, 1, "the keepalive, and no timeout of the dialling");
  socket.close();
  assertEquals((await peer.frame())?.payload, Uint8Array.of(3, 232));
  clock.advance(1999);
  assertEquals(heard.closes, []);
  clock.advance(1);
  assertEquals(heard.closes.map(([code]) => code), [1006]);
  assertEquals(clock.pending, 0);
  await peer.drained();
});

Deno.test("what comes in one segment with the server's answer is told once the dialler has the socket", async () => {
  using server = new RawServer();
  const events: string[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const dialled = dial(server.url, {
    handlers: {
      onMessage: (text) => events.push(`message ${text}`),
      onClose: (code) => {
        events.push(`close ${code}`);
        resolve();
      },
    },
  });
  using peer = await server.accept();
  await peer.grant([0x81, 2, 0x68, 0x69, 0x88, 2, 0x0f, 0xa0]);
  const nested = (async () => await (async () => await dialled)())();
  await nested;
  events.push("dialled");
  await closed;
  assertEquals(events, ["dialled", "message hi", "close 4000"]);
  await peer.drained();
});

Deno.test("a server that stops reading shows in bufferedAmount, and gets all of it in the end", async () => {
  using server = new RawServer();
  const heard = new Heard();
  const dialled = dial(server.url, { handlers: heard.handlers });
  using peer = await server.accept();
  await peer.grant();
  const socket = await dialled;
  const text = "x".repeat(1 << 20);
  for (let i = 0; i < 32; i++) socket.send(text);
  assert(socket.bufferedAmount > 16 << 20);
  socket.close();
  let received = 0;
  const bytes = new Uint8Array(1 << 20);
  for (let count: number | null = 0; received < 32 * (14 + text.length) + 8; received += count) {
    count = await peer.conn.read(bytes);
    assert(count !== null);
  }
  await peer.write([0x88, 0]);
  assertEquals(await heard.closed, [1005, ""]);
  assertEquals(socket.bufferedAmount, 0);
});

Deno.test("a server that closes first still gets what was sent before, and our goodbye behind it", async () => {
  using server = new RawServer();
  const heard = new Heard();
  const clock = new FakeClock();
  const dialled = dial(server.url, { handlers: heard.handlers, clock });
  using peer = await server.accept();
  await peer.grant();
  const socket = await dialled;
  const text = "x".repeat(1 << 20);
  for (let i = 0; i < 32; i++) socket.send(text);
  await peer.write([0x81, 1, 0x61, 0x88, 2, 0x0f, 0xa0]);
  await heard.count(1);
  assert(!socket.isOpen);
  assertEquals(heard.closes, []);
  let received = 0;
  const bytes = new Uint8Array(1 << 20);
  for (let count: number | null = 0; count !== null; count = await peer.conn.read(bytes)) received += count;
  assertEquals(received, 32 * (14 + text.length) + 8);
  assertEquals(await heard.closed, [4000, ""]);
  assertEquals(clock.pending, 0);
});

Deno.test("a server that hangs up without reading ends the socket at once", async () => {
  using server = new RawServer();
  const heard = new Heard();
  const clock = new FakeClock(); // Stands still: no waiting can be what ends it.
  const dialled = dial(server.url, { handlers: heard.handlers, clock });
  using peer = await server.accept();
  await peer.grant();
  const socket = await dialled;
  for (let i = 0; i < 32; i++) socket.send("x".repeat(1 << 20));
  peer.conn.closeWrite();
  assertEquals((await heard.closed)[0], 1006);
  assert(!socket.send("nobody is there"));
  await peer.drained();
});

Deno.test("the server's last words are told even when our writes fail behind them", async () => {
  using server = new RawServer();
  const heard = new Heard();
  const dialled = dial(server.url, { handlers: heard.handlers });
  using peer = await server.accept();
  await peer.grant();
  const socket = await dialled;
  await peer.write([0x88, 2, 0x0f, 0xa0]);
  peer.conn.close();
  for (let i = 0; i < 100; i++) socket.send("x".repeat(100_000));
  assertEquals(await heard.closed, [4000, ""]);
});

Deno.test("a handler that throws closes its socket with 1011 and harms nobody else", async () => {
  const calls: string[] = [];
  await withWs(async (_socket, server, heard) => {
    const closed = new Promise<number>((resolve) => server.once("close", resolve));
    server.send("one");
    server.send("two");
    assertEquals(await closed, 1011);
    const [code, reason] = await heard.closed;
    assertEquals(code, 1011);
    assertStringIncludes(reason, "no idea what one is");
  }, (text) => {
    calls.push(text);
    throw new Error(`no idea what ${text} is`);
  });
  assertEquals(calls, ["one"]);
});

Deno.test("a close code that no frame may carry is refused where it is given", async () => {
  await withWs((socket) => {
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000]) {
      assertThrows(() => socket.close(code), RangeError);
    }
    assert(socket.isOpen);
    return Promise.resolve();
  });
});
