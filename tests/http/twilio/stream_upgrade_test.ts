import { assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../../../src/clock.ts";
import { PendingStreams } from "../../../src/http/twilio/pending_streams.ts";
import { openMediaStream, type StreamUpgradeOptions } from "../../../src/http/twilio/stream_upgrade.ts";
import type { MediaStream } from "../../../src/twilio/media_stream.ts";
import { upgradeWebSocket } from "../../../src/upgrade_web_socket.ts";
import { StreamClient } from "../../support/stream_client.ts";
import { settle } from "../../support/wait_until.ts";

const STREAMS = 500;
const AT_ONCE = 50;

/** Admits each stream and closes it on its first `media`. */
function hangUp(stream: MediaStream) {
  const ignore = () => {};
  return {
    media: () => stream.close(),
    mark: ignore,
    dtmf: ignore,
    frameSkipped: ignore,
    streamEnded: ignore,
  };
}

async function closeCodes(admit: StreamUpgradeOptions["calls"]["admit"]): Promise<Map<number, number>> {
  const options: StreamUpgradeOptions = {
    calls: { admit },
    refusals: { count: () => {} },
    pending: new PendingStreams({ total: STREAMS }, systemClock),
    limits: { startMs: 60_000, maxFrameBytes: 65_536, framesPerSecond: 1_000 },
    clock: systemClock,
  };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => openMediaStream(request, "127.0.0.1", options),
  );
  const codes = new Map<number, number>();
  for (let opened = 0; opened < STREAMS; opened += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      await using client = new StreamClient(`ws://127.0.0.1:${server.addr.port}/`);
      await client.start("CA1", {});
      for (let frame = 0; frame < 5; frame++) client.media(frame * 20);
      const { code } = await client.end();
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }));
  }
  return codes;
}

Deno.test("a media stream closed in a message handler sends its close frame although more frames wait", async () => {
  assertEquals(await closeCodes(hangUp), new Map([[1000, STREAMS]]));
});

Deno.test("a rejected media stream sends code 1008 although more frames wait", async () => {
  assertEquals(await closeCodes(() => ({ refused: "no valid token" })), new Map([[1008, STREAMS]]));
});

/** A client frame with an empty mask and at most 125 bytes. */
function frame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0, ...payload]);
}

Deno.test("a closed media stream stays connected until the client's close frame, whatever it sends before", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = upgradeWebSocket(request);
    socket.onmessage = () => socket.close(1000);
    return response;
  });
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const text = new TextEncoder();
  const read = async () => {
    const bytes = new Uint8Array(1_024);
    const count = await conn.read(bytes);
    return count === null ? "end" : Array.from(bytes.subarray(0, count));
  };
  await conn.write(text.encode(
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"A".repeat(22)}==\r\n\r\n`,
  ));
  await read();
  await conn.write(frame(1, text.encode("media")));
  assertEquals(await read(), [0x88, 2, 0x03, 0xe8], "its close frame, code 1000");
  const reading = read();
  for (let sent = 0; sent < 5; sent++) {
    await conn.write(frame(1, text.encode("media")));
    await settle();
  }
  assertEquals(await Promise.race([reading, settle().then(() => "open")]), "open");
  await conn.write(frame(8, Uint8Array.of(0x03, 0xe8)));
  assertEquals(await reading, "end");
});

Deno.test("upgradeWebSocket ends the connection of a peer that does not close, 2 s after the close frame", async () => {
  const closed = Promise.withResolvers<void>();
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { socket, response } = upgradeWebSocket(request);
    socket.onopen = () => socket.close(1008, "no valid token");
    socket.onclose = () => closed.resolve();
    return response;
  });
  const peer = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
  const handshake = [
    "GET / HTTP/1.1",
    "Host: a",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${new Uint8Array(16).toBase64()}`,
  ];
  await peer.write(new TextEncoder().encode(`${handshake.join("\r\n")}\r\n\r\n`));
  const timeout = setTimeout(() => peer.close(), 8_000);
  // Reads until the server ends the connection.
  assertStringIncludes(await new Response(peer.readable).text(), "no valid token");
  clearTimeout(timeout);
  await closed.promise;
});

Deno.test({
  name: "upgradeWebSocket closes a socket whose upgrade never ends",
  sanitizeOps: false, // Deno's own part of the upgrade does not end either.
  async fn() {
    const closed = Promise.withResolvers<void>();
    const upgraded = Promise.withResolvers<WebSocket>();
    const stop = new AbortController();
    const options = { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} };
    const server = Deno.serve(options, async (request) => {
      const { socket, response } = upgradeWebSocket(request);
      upgraded.resolve(socket);
      await closed.promise;
      return response;
    });
    using peer = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    await peer.write(new TextEncoder().encode(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"A".repeat(22)}==\r\n\r\n`,
    ));
    const socket = await upgraded.promise;
    assertEquals(socket.readyState, WebSocket.CONNECTING);
    socket.close();
    // The timeout of a close used to throw here, which ended the process.
    await new Promise<void>((resolve) => void systemClock.after(2_200, resolve));
    assertEquals(socket.readyState, WebSocket.CLOSING);
    stop.abort();
    closed.resolve();
    await server.finished;
  },
});
