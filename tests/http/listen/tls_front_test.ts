import { assertEquals } from "@std/assert";
import { TlsFront, type TlsFrontOptions } from "../../../src/http/listen/tls_front.ts";
import { connectWebSocket } from "../../../src/model/web_socket/web_socket.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { fetchTrusting, FIRST } from "../../support/certificates.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { ChangeSignal } from "../../support/wait_until.ts";

/** A TLS front on a fake clock that echoes WebSocket messages and greets other requests. */
function start(clock: FakeClock, options: Partial<TlsFrontOptions> = {}) {
  const changes = new ChangeSignal();
  const front = new TlsFront({
    hostname: "127.0.0.1",
    port: 0,
    pair: { ...FIRST, certFile: "cert.pem", keyFile: "key.pem" },
    handler(request) {
      if (!request.headers.has("upgrade")) return new Response("here");
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    },
    clock,
    log: createLog({ level: "error", format: "json", write: () => {} }),
    ...options,
  });
  const { port } = front.addr;
  /** A client that sends nothing by itself. `closed` becomes true when the front closes it. */
  const silent = async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const client = { conn, closed: false };
    conn.read(new Uint8Array(1)).catch(() => null).then(() => {
      client.closed = true;
      changes.notify();
    });
    return client;
  };
  return {
    front,
    silent,
    closed: (client: { closed: boolean }) => changes.until("the link to be closed", () => client.closed),
    linked: (count: number) => waitFor(() => front.links === count),
    get: async () => await (await fetchTrusting(FIRST, `https://localhost:${port}`)).text(),
    /** Opens a WebSocket. */
    async call() {
      const ended = Promise.withResolvers<void>();
      const messages: string[] = [];
      const socket = await connectWebSocket(`wss://localhost:${port}`, {
        caCerts: [FIRST.root],
        handlers: {
          onMessage(text) {
            messages.push(text);
            changes.notify();
          },
          onClose: () => ended.resolve(),
        },
      });
      return {
        async echo(text: string) {
          socket.send(text);
          await changes.until("the echo", () => messages.includes(text));
        },
        async close() {
          socket.close();
          await ended.promise;
        },
      };
    },
  };
}

/** Lets the front accept links, for which it has no event to await. */
async function waitFor(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 1_000) throw new Error("waited 1,000 turns");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("TlsFront closes the oldest silent link of an address when its 65th arrives", async () => {
  const running = start(new FakeClock());
  const links = [];
  for (let count = 1; count <= 64; count++) {
    links.push(await running.silent());
    await running.linked(count);
  }
  const last = await running.silent();
  await running.closed(links[0] ?? last);
  await running.linked(64);
  assertEquals([links.filter(({ closed }) => closed).length, last.closed], [1, false]);
  assertEquals(await running.get(), "here");
  for (const { conn } of [...links.slice(2), last]) conn.close();
  for (const { conn } of links.slice(0, 2)) conn.close();
  await running.front.shutdown();
});

Deno.test("TlsFront closes a link without a complete request after 10 s, even if it trickles bytes", async () => {
  const clock = new FakeClock();
  const running = start(clock);
  const link = await running.silent();
  await running.linked(1);
  // The start of a ClientHello of 512 bytes: the TLS server waits for the rest.
  for (const byte of [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3]) {
    assertEquals(link.closed, false);
    await link.conn.write(Uint8Array.of(byte));
    clock.advance(1_000);
  }
  await running.closed(link);
  link.conn.close();
  await running.front.shutdown();
});

Deno.test("TlsFront keeps a WebSocket that is older than 10 s, beside any number of silent links", async () => {
  const clock = new FakeClock();
  const running = start(clock, { maxLinks: 8 });
  const call = await running.call();
  clock.advance(11_000);
  const links = [];
  for (let count = 0; count < 20; count++) links.push(await running.silent());
  for (const link of links.slice(0, 13)) await running.closed(link);
  assertEquals(links.slice(13).some(({ closed }) => closed), false);
  await call.echo("still here");
  assertEquals(await running.get(), "here");

  for (const { conn } of links) conn.close();
  await call.close();
  await running.front.shutdown();
});

Deno.test("TlsFront makes room for a new link by closing the one whose last request is oldest, but no WebSocket", async () => {
  const clock = new FakeClock();
  const running = start(clock, { maxLinks: 4 });
  const call = await running.call();
  const request = async () => {
    const { port } = running.front.addr;
    const conn = await Deno.connectTls({ hostname: "localhost", port, caCerts: [FIRST.root] });
    await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    await conn.read(new Uint8Array(1_024));
    return conn;
  };
  const connections = [];
  for (let count = 0; count < 3; count++) {
    connections.push(await request());
    clock.advance(1_000);
  }
  assertEquals(await running.get(), "here");
  await call.echo("still here");
  assertEquals(await connections[0]?.read(new Uint8Array(1)).catch(() => null), null, "the oldest is closed");
  await call.close();
  for (const conn of connections) conn.close();
  await running.front.shutdown();
});
