import { assertEquals } from "@std/assert";
import { ReaderPool } from "../../../../src/http/admin/streams/reader_pool.ts";
import { listen } from "../../../../src/http/listen/listener.ts";
import { systemClock } from "../../../../src/clock.ts";
import { createLog } from "../../../../src/telemetry/log.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { poll } from "../../../support/wait_until.ts";

const CHUNK = new Uint8Array(65_536);

Deno.test("ReaderPool keeps the place of a client that has stopped reading until it disconnects", async () => {
  const pool = new ReaderPool(new FakeClock());
  let fill: ((bytes: Uint8Array) => boolean) | undefined;
  const listener = listen({
    hostname: "127.0.0.1",
    port: 0,
    handler(request, _peer, completed) {
      const response = pool.open({}, 65_536, (stream) => {
        if (!request.url.endsWith("/stalled")) return;
        fill = (bytes) => {
          stream.write(bytes);
          return stream.open;
        };
      });
      completed.catch(() => {}).then(() => pool.delivered(response));
      return response;
    },
    clock: systemClock,
    log: createLog({ level: "error", format: "json", write() {} }),
  });
  using connections = new DisposableStack();
  const open = async (path: string) => {
    const { hostname, port } = new URL(listener.url);
    const conn = connections.use(await Deno.connect({ hostname, port: Number(port) }));
    await conn.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`));
    const head = new Uint8Array(12);
    await conn.read(head);
    return { conn, status: new TextDecoder().decode(head.subarray(9)) };
  };
  const stalled = await open("/stalled");
  const others = await Promise.all(Array.from({ length: 63 }, () => open("/")));
  assertEquals([stalled, ...others].map(({ status }) => status), Array(64).fill("200"));
  // More than the connection takes: the stream ends, and a part of it stays in memory.
  await poll("the stream to end", () => fill?.(CHUNK) === false);
  assertEquals((await open("/")).status, "503");
  stalled.conn.close();
  await poll("the place of the stalled client", async () => (await open("/")).status === "200");
  pool.close();
  await listener.shutdown();
});

Deno.test("ReaderPool ends a stream whose client has gone, and ignores other responses", () => {
  const pool = new ReaderPool(new FakeClock());
  let ended = 0;
  const response = pool.open({}, 1_000, (stream) => stream.onEnd(() => ended++));
  pool.delivered(new Response());
  assertEquals(ended, 0);
  pool.delivered(response);
  pool.delivered(response);
  assertEquals(ended, 1);
});

Deno.test("BoundedStream runs clean-up functions once, and at once after its end", () => {
  const pool = new ReaderPool(new FakeClock());
  const order: string[] = [];
  pool.open({}, 1_000, (stream) => {
    stream.onEnd(() => order.push("before"));
    stream.close();
    stream.close();
    stream.onEnd(() => order.push("after"));
  });
  assertEquals(order, ["before", "after"]);
});
