import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { type WebSocket as WsSocket, WebSocketServer } from "ws";
import {
  ConnectError,
  connectWebSocket,
  type WebSocketClient,
} from "../../../src/model/web_socket/web_socket.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { RawWebSocketServer } from "../../support/raw_web_socket_server.ts";

/** Message data of npm:ws. */
type WsData = { toString(): string };

/** Records a socket's events and lets a test wait for them. */
class SocketEvents {
  readonly messages: string[] = [];
  readonly closes: [number, string][] = [];
  readonly #closed = Promise.withResolvers<[number, string]>();
  #expected: { count: number; resolve: () => void } | undefined;

  readonly handlers = {
    onMessage: (text: string) => {
      this.messages.push(text);
      if (this.messages.length === this.#expected?.count) this.#expected.resolve();
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
      this.#expected = { count, resolve };
      await promise;
    }
    return this.messages;
  }
}

/** Runs `then` with a socket to a server of npm:ws, then closes both. */
async function withWs(
  then: (socket: WebSocketClient, server: WsSocket, events: SocketEvents) => Promise<void>,
  onMessage?: (text: string) => void,
): Promise<void> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  const events = new SocketEvents();
  try {
    await new Promise<void>((resolve) => server.once("listening", resolve));
    const connected = new Promise<WsSocket>((resolve) => server.once("connection", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    const handlers = onMessage ? { ...events.handlers, onMessage } : events.handlers;
    const socket = await connectWebSocket(`ws://127.0.0.1:${address.port}/`, { handlers });
    await then(socket, await connected, events);
    socket.close();
    await events.closed;
    assertEquals(events.closes.length, 1);
  } finally {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** An echo server with Deno's WebSocket. */
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

Deno.test("WebSocketClient exchanges texts of every size with npm:ws", async () => {
  await withWs(async (socket, server, events) => {
    server.on("message", (data: WsData) => server.send(data.toString()));
    for (const text of TEXTS) assert(socket.send(text));
    assertEquals(await events.count(TEXTS.length), TEXTS);
  });
});

Deno.test("WebSocketClient exchanges texts of every size with Deno's server", async () => {
  await using server = denoEcho();
  const events = new SocketEvents();
  const socket = await connectWebSocket(`ws://127.0.0.1:${server.addr.port}/`, {
    handlers: events.handlers,
  });
  for (const text of TEXTS) assert(socket.send(text));
  assertEquals(await events.count(TEXTS.length), TEXTS);
  socket.close(3000, "enough");
  assertEquals(await events.closed, [3000, "enough"]);
});

Deno.test("WebSocketClient exchanges texts over TLS with a trusted certificate", async () => {
  const cert = await Deno.readTextFile(new URL("../fixtures/test_only_cert.pem", import.meta.url));
  const key = await Deno.readTextFile(new URL("../fixtures/test_only_key.pem", import.meta.url));
  for (const [hostname, name] of [["127.0.0.1", "localhost"], ["::1", "[::1]"]] as const) {
    await using server = denoEcho({ cert, key, hostname });
    const events = new SocketEvents();
    const url = `wss://${name}:${server.addr.port}/`;
    const socket = await connectWebSocket(url, { handlers: events.handlers, caCerts: [cert] });
    for (const text of TEXTS) assert(socket.send(text));
    assertEquals(await events.count(TEXTS.length), TEXTS);
    socket.close(1000, "enough");
    assertEquals(await events.closed, [1000, "enough"]);

    const error = await assertRejects(
      () => connectWebSocket(url, { handlers: events.handlers }),
      ConnectError,
    );
    assertStringIncludes(error.message, "UnknownIssuer");
  }
});

Deno.test("WebSocketClient keeps the order of a burst of 20,000 messages", async () => {
  await withWs(async (socket, server, events) => {
    server.on("message", (data: WsData) => server.send(data.toString()));
    for (let i = 0; i < 20_000; i++) socket.send(`message ${i}`);
    assert(socket.bufferedAmount > 0);
    const messages = await events.count(20_000);
    assertEquals(messages.findIndex((text, i) => text !== `message ${i}`), -1);
    assertEquals(socket.bufferedAmount, 0);
  });
});

Deno.test("WebSocketClient joins fragments that split characters, with pings in between", async () => {
  await withWs(async (_socket, server, events) => {
    const pongs: string[] = [];
    server.on("pong", (payload: WsData) => pongs.push(payload.toString()));
    const text = "🎧 Grüße aus 東京";
    const utf8 = new TextEncoder().encode(text);
    utf8.forEach((_, at) => {
      server.send(utf8.subarray(at, at + 1), { binary: false, fin: at === utf8.length - 1 });
      server.ping(`${at}`);
    });
    assertEquals(await events.count(1), [text]);
    await new Promise<void>((resolve) => server.on("pong", () => pongs.length === utf8.length && resolve()));
    assertEquals(pongs, [...utf8.keys()].map(String));
  });
});

Deno.test("WebSocketClient reports and answers the server's close code and reason", async () => {
  for (
    const [code, reason] of [[1001, "Your session hit the maximum duration"], [4000, ""], [
      1000,
      "é",
    ]] as const
  ) {
    await withWs(async (socket, server, events) => {
      const answered = new Promise<number>((resolve) => server.once("close", resolve));
      server.close(code, reason);
      assertEquals(await events.closed, [code, reason]);
      assertEquals(await answered, code);
      assert(!socket.isOpen);
    });
  }
});

Deno.test("WebSocketClient reports 1005 for a close without a code and 1006 for a broken connection", async () => {
  await withWs(async (_socket, server, events) => {
    server.close();
    assertEquals(await events.closed, [1005, ""]);
  });
  await withWs(async (_socket, server, events) => {
    server.terminate();
    assertEquals((await events.closed)[0], 1006);
  });
});

Deno.test("WebSocketClient closes after the queued messages, and neither sends nor receives after that", async () => {
  await withWs(async (socket, server, events) => {
    const messages: string[] = [];
    server.on("message", (data: WsData) => {
      messages.push(data.toString());
      server.send("late");
    });
    const closed = new Promise<[number, string]>((resolve) =>
      server.once("close", (code: number, reason: WsData) => resolve([code, reason.toString()]))
    );
    socket.send("last words");
    socket.close(3001, "bye");
    socket.close(3002, "twice");
    assert(!socket.send("too late"));
    assertEquals(socket.dropped, 1);
    assertEquals(await closed, [3001, "bye"]);
    assertEquals(await events.closed, [3001, "bye"]);
    assertEquals(messages, ["last words"]);
    assertEquals(events.messages, []);
    assert(!socket.send("far too late"));
  });
});

Deno.test("WebSocketClient disconnects 2 s after its close without a close frame of the server", async () => {
  using server = new RawWebSocketServer();
  const clock = new FakeClock();
  const events = new SocketEvents();
  const connecting = connectWebSocket(server.url, { handlers: events.handlers, clock });
  using peer = await server.accept();
  await peer.grant();
  const socket = await connecting;
  assertEquals(clock.pending, 1, "the keepalive timer, and no connect timer");
  socket.close();
  assertEquals((await peer.frame())?.payload, Uint8Array.of(3, 232));
  clock.advance(1999);
  assertEquals(events.closes, []);
  clock.advance(1);
  assertEquals(events.closes.map(([code]) => code), [1006]);
  assertEquals(clock.pending, 0);
  await peer.drained();
});

Deno.test("WebSocketClient delivers frames that arrive with the upgrade response after connectWebSocket has resolved", async () => {
  using server = new RawWebSocketServer();
  const events: string[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const connecting = connectWebSocket(server.url, {
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
  const nested = (async () => await (async () => await connecting)())();
  await nested;
  events.push("connected");
  await closed;
  assertEquals(events, ["connected", "message hi", "close 4000"]);
  await peer.drained();
});

Deno.test("WebSocketClient reports unsent bytes while the server does not read, and sends all before closing", async () => {
  using server = new RawWebSocketServer();
  const events = new SocketEvents();
  const connecting = connectWebSocket(server.url, { handlers: events.handlers });
  using peer = await server.accept();
  await peer.grant();
  const socket = await connecting;
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
  assertEquals(await events.closed, [1005, ""]);
  assertEquals(socket.bufferedAmount, 0);
});

Deno.test("WebSocketClient sends queued messages and its close frame after the server's close", async () => {
  using server = new RawWebSocketServer();
  const events = new SocketEvents();
  const clock = new FakeClock();
  const connecting = connectWebSocket(server.url, { handlers: events.handlers, clock });
  using peer = await server.accept();
  await peer.grant();
  const socket = await connecting;
  const text = "x".repeat(1 << 20);
  for (let i = 0; i < 32; i++) socket.send(text);
  await peer.write([0x81, 1, 0x61, 0x88, 2, 0x0f, 0xa0]);
  await events.count(1);
  assert(!socket.isOpen);
  assertEquals(events.closes, []);
  let received = 0;
  const bytes = new Uint8Array(1 << 20);
  for (let count: number | null = 0; count !== null; count = await peer.conn.read(bytes)) received += count;
  assertEquals(received, 32 * (14 + text.length) + 8);
  assertEquals(await events.closed, [4000, ""]);
  assertEquals(clock.pending, 0);
});

Deno.test("WebSocketClient closes at once when the server disconnects without reading", async () => {
  using server = new RawWebSocketServer();
  const events = new SocketEvents();
  const clock = new FakeClock(); // Not advanced, so no timeout can end it.
  const connecting = connectWebSocket(server.url, { handlers: events.handlers, clock });
  using peer = await server.accept();
  await peer.grant();
  const socket = await connecting;
  for (let i = 0; i < 32; i++) socket.send("x".repeat(1 << 20));
  peer.conn.closeWrite();
  assertEquals((await events.closed)[0], 1006);
  assert(!socket.send("nobody is there"));
  await peer.drained();
});

Deno.test("WebSocketClient reports the server's close code even if later writes fail", async () => {
  using server = new RawWebSocketServer();
  const events = new SocketEvents();
  const connecting = connectWebSocket(server.url, { handlers: events.handlers });
  using peer = await server.accept();
  await peer.grant();
  const socket = await connecting;
  await peer.write([0x88, 2, 0x0f, 0xa0]);
  peer.conn.close();
  for (let i = 0; i < 100; i++) socket.send("x".repeat(100_000));
  assertEquals(await events.closed, [4000, ""]);
});

Deno.test("WebSocketClient closes with 1011 when its message handler throws", async () => {
  const calls: string[] = [];
  await withWs(async (_socket, server, events) => {
    const closed = new Promise<number>((resolve) => server.once("close", resolve));
    server.send("one");
    server.send("two");
    assertEquals(await closed, 1011);
    const [code, reason] = await events.closed;
    assertEquals(code, 1011);
    assertStringIncludes(reason, "no idea what one is");
  }, (text) => {
    calls.push(text);
    throw new Error(`no idea what ${text} is`);
  });
  assertEquals(calls, ["one"]);
});

Deno.test("WebSocketClient.close() throws for a code a close frame may not carry", async () => {
  await withWs((socket) => {
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000]) {
      assertThrows(() => socket.close(code), RangeError);
    }
    assert(socket.isOpen);
    return Promise.resolve();
  });
});
