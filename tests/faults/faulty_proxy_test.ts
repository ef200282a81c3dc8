import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { ChangeSignal } from "../support/wait_until.ts";
import type { Direction, Fault } from "./fault.ts";
import { FaultyProxy } from "./faulty_proxy.ts";
import { closeFrame, textFrame } from "./frame_tracker.ts";

const HEAD = new TextEncoder().encode("HTTP/1.1 101 Switching Protocols\r\n\r\n");

/** One end of a connection: keeps what it reads. */
class Peer {
  bytes = new Uint8Array(0);
  ended: "end" | "reset" | undefined;
  readonly #changes = new ChangeSignal();

  constructor(readonly conn: Deno.Conn) {
    this.#read();
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(65_536);
    try {
      for (let length; (length = await this.conn.read(chunk)) !== null;) {
        this.bytes = Uint8Array.from([...this.bytes, ...chunk.subarray(0, length)]);
        this.#changes.notify();
      }
      this.ended = "end";
    } catch {
      this.ended = "reset";
    }
    this.#changes.notify();
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    let rest = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    while (rest.length > 0) rest = rest.subarray(await this.conn.write(rest));
  }

  async received(length: number): Promise<Uint8Array> {
    return await this.#changes.until(`${length} bytes`, () => this.bytes.length >= length && this.bytes);
  }

  async end(): Promise<"end" | "reset"> {
    return await this.#changes.until("the end of the connection", () => this.ended);
  }
}

/** A client and a server with a proxy between them. */
class Line implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #peers: Peer[] = [];
  proxy!: FaultyProxy;
  client!: Peer;
  server!: Peer;

  static async open(toward: Direction = "down", fault?: Fault): Promise<Line> {
    const line = new Line();
    line.proxy = await FaultyProxy.start(`ws://127.0.0.1:${line.#listener.addr.port}/`, toward);
    if (fault) line.proxy.inject(fault);
    await line.connect();
    return line;
  }

  async connect(): Promise<void> {
    const accepted = this.#listener.accept();
    this.client = new Peer(await this.dial());
    this.server = new Peer(await accepted);
    this.#peers.push(this.client, this.server);
  }

  async dial(): Promise<Deno.Conn> {
    return await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(this.proxy.url).port) });
  }

  /** Both directions work. */
  async exchange(): Promise<void> {
    const [received, returned] = [this.server.bytes.length, this.client.bytes.length];
    await this.client.write("up");
    await this.server.received(received + 2);
    await this.server.write("down");
    await this.client.received(returned + 4);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) {
      try {
        peer.conn.close();
      } catch {
        // The test has closed it.
      }
    }
    await this.proxy[Symbol.asyncDispose]();
    this.#listener.close();
  }
}

Deno.test("FaultyProxy carries both directions without a fault, and ends with either side", async () => {
  await using line = await Line.open();
  await line.exchange();
  line.client.conn.close();
  assertEquals(await line.server.end(), "end");
  line.server.conn.close();
  await line.proxy.untilIdle(5_000);
});

Deno.test("FaultyProxy resets both sides", async () => {
  await using line = await Line.open();
  await line.exchange();
  line.proxy.inject({ kind: "reset" });
  assertEquals([await line.client.end(), await line.server.end()], ["reset", "reset"]);
  assertEquals(line.proxy.open, 0);
  await line.connect();
  await line.exchange();
});

Deno.test("FaultyProxy refuses connections for the time of the fault, then accepts them on the same port", async () => {
  await using line = await Line.open();
  line.proxy.inject({ kind: "refuse", ms: 200 });
  await line.client.end();
  await assertRejects(() => line.dial(), Deno.errors.ConnectionRefused);
  await line.proxy.listening();
  await line.connect();
  await line.exchange();
});

Deno.test("FaultyProxy holds bytes back while stalled, and delivers them in order afterwards", async () => {
  await using line = await Line.open();
  await line.exchange();
  line.proxy.inject({ kind: "stall", ms: 150 });
  const begun = performance.now();
  await line.client.write("held ");
  await line.client.write("back");
  assertEquals(new TextDecoder().decode(await line.server.received(11)), "upheld back");
  assert(performance.now() - begun > 100);
});

Deno.test("FaultyProxy stalls one direction alone", async () => {
  await using line = await Line.open();
  await line.exchange();
  line.proxy.inject({ kind: "stall", only: "up" });
  await line.client.write("held");
  await line.server.write("down");
  await line.client.received(8);
  assertEquals(line.server.bytes.length, 2);
});

Deno.test("FaultyProxy stalls a connection from its start when the fault was set before", async () => {
  await using line = await Line.open("down", { kind: "stall" });
  await line.client.write("held");
  await line.server.write("held");
  await line.proxy.untilIdle(100).catch(() => {});
  assertEquals([line.client.bytes.length, line.server.bytes.length], [0, 0]);
});

Deno.test("FaultyProxy ends one direction of a half-open line, and still accepts the other", async () => {
  await using line = await Line.open();
  await line.exchange();
  line.proxy.inject({ kind: "half-open" });
  assertEquals(await line.client.end(), "end");
  await line.client.write("into nowhere");
  assertEquals(line.server.bytes.length, 2);
  line.client.conn.close();
  await line.proxy.untilIdle(5_000);
});

Deno.test("FaultyProxy adds its delay to a round trip", async () => {
  await using line = await Line.open();
  await line.exchange();
  line.proxy.inject({ kind: "delay", ms: 200 });
  const begun = performance.now();
  await line.exchange();
  const ms = performance.now() - begun;
  assert(ms >= 195, `${ms} ms`);
});

Deno.test("FaultyProxy carries 2 kB at 10 kB/s in 200 ms or more", async () => {
  await using line = await Line.open();
  line.proxy.inject({ kind: "throttle", bytesPerSecond: 10_000 });
  const begun = performance.now();
  await line.client.write(new Uint8Array(2_000));
  assertLess(line.server.bytes.length, 2_000);
  await line.server.received(2_000);
  assert(performance.now() - begun >= 150);
});

Deno.test("FaultyProxy puts a close frame between two frames, then ends", async () => {
  await using line = await Line.open();
  const message = textFrame("a message", false);
  await line.server.write(HEAD);
  await line.server.write(message.subarray(0, 4));
  await line.client.received(HEAD.length + 4);
  line.proxy.inject({ kind: "close", code: 1011 });
  await line.server.write(message.subarray(4));
  await line.client.end();
  const close = closeFrame(1011, false);
  assertEquals(line.client.bytes.slice(HEAD.length), Uint8Array.from([...message, ...close]));
});

Deno.test("FaultyProxy masks its frames to a server, and sends the vendor's error before an expired session closes", async () => {
  await using line = await Line.open("up");
  await line.client.write(HEAD);
  await line.server.received(HEAD.length);
  line.proxy.inject({ kind: "expired" });
  await line.server.end();
  const frames = line.server.bytes.slice(HEAD.length);
  assertEquals((frames[1] ?? 0) & 0x80, 0x80);
  assert(new TextDecoder().decode(frames).includes("session_expired"));
  assertEquals([...frames.slice(-2)], [1001 >> 8, 1001 & 0xff]);
});

Deno.test("FaultyProxy spoils the next five messages and no more", async () => {
  await using line = await Line.open();
  const message = textFrame("{}", false);
  await line.server.write(HEAD);
  await line.client.received(HEAD.length);
  line.proxy.inject({ kind: "corrupt" });
  for (let i = 0; i < 6; i++) await line.server.write(message);
  const bytes = await line.client.received(HEAD.length + 6 * message.length);
  const texts = [0, 1, 2, 3, 4, 5].map((i) => {
    const at = HEAD.length + i * message.length + 2;
    return new TextDecoder().decode(bytes.slice(at, at + 2));
  });
  assertEquals(texts, [..."\x7f".repeat(5)].map((brace) => `${brace}}`).concat("{}"));
});

Deno.test("FaultyProxy answers upgrades with a status after an HTTP fault", async () => {
  await using line = await Line.open();
  line.proxy.inject({ kind: "http", status: 429 });
  await line.client.end();
  const client = new Peer(await line.dial());
  await client.write("GET / HTTP/1.1\r\n\r\n");
  await client.end();
  client.conn.close();
  assert(new TextDecoder().decode(client.bytes).startsWith("HTTP/1.1 429 "));
});
