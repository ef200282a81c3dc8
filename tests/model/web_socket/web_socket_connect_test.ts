import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConnectError, connectWebSocket } from "../../../src/model/web_socket/web_socket.ts";
import { readUpgradeResponse } from "../../../src/model/web_socket/upgrade.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { type RawPeer, RawWebSocketServer } from "../../support/raw_web_socket_server.ts";

const handlers = { onMessage: () => {}, onClose: () => {} };
const headers = { Authorization: "Bearer of-the-header" };

/** Connects to a server that sends `respond(peer)` and returns the error. Asserts that it shows no secrets. */
async function failedConnect(respond: (peer: RawPeer) => string): Promise<ConnectError> {
  using server = new RawWebSocketServer();
  const failed = assertRejects(() => connectWebSocket(server.url, { handlers, headers }), ConnectError);
  using peer = await server.accept();
  await peer.write(new TextEncoder().encode(respond(peer)));
  peer.conn.closeWrite();
  const error = await failed;
  await peer.drained();
  assertStringIncludes(error.message, 'Cannot connect to "ws://127.0.0.1:');
  assert(!/of-the-query|of-the-header/.test(`${error.message} ${error.stack} ${error.cause}`));
  return error;
}

Deno.test("connectWebSocket() sends the upgrade request of RFC 6455 with the given headers", async () => {
  using server = new RawWebSocketServer();
  const failed = assertRejects(() => connectWebSocket(server.url, { handlers, headers }), ConnectError);
  using peer = await server.accept();
  const [line, ...fields] = peer.request.trimEnd().split("\r\n");
  assertEquals(line, "GET /realtime?secret=of-the-query HTTP/1.1");
  const sent = new Headers(fields.map((field): [string, string] => {
    const colon = field.indexOf(": ");
    return [field.slice(0, colon), field.slice(colon + 2)];
  }));
  assertEquals(sent.get("host"), new URL(server.url).host);
  assertEquals(sent.get("upgrade"), "websocket");
  assertEquals(sent.get("connection"), "Upgrade");
  assertEquals(sent.get("sec-websocket-version"), "13");
  assertEquals(sent.get("authorization"), "Bearer of-the-header");
  assertEquals(atob(sent.get("sec-websocket-key") ?? "").length, 16);
  assert(!sent.has("sec-websocket-extensions") && !sent.has("sec-websocket-protocol"));
  peer.conn.close();
  assertStringIncludes((await failed).message, "connection ended before the response did");
});

Deno.test("connectWebSocket() reports the status and remedy of a refused upgrade, and follows no redirect", async () => {
  const remedies: [number, string][] = [
    [401, "check the credentials"],
    [403, "check the credentials"],
    [429, "wait, then try again"],
    [302, "use the address it redirects to"],
    [503, "try again later"],
    [200, "check the address"],
  ];
  for (const [status, remedy] of remedies) {
    const error = await failedConnect(() =>
      `HTTP/1.1 ${status} Whatever\r\nLocation: ws://127.0.0.1:1/\r\n\r\n{}`
    );
    assertEquals(error.status, status);
    assertStringIncludes(error.message, `the server answered ${status}; ${remedy}`);
  }
});

Deno.test("connectWebSocket() rejects responses that break the handshake", async () => {
  const responses: [string, (peer: RawPeer) => string][] = [
    ["not HTTP/1.1", () => "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["not HTTP/1.1", (peer) => peer.upgradeResponse().replace("HTTP/1.1", "HTTP/1.0") + "\r\n\r\n"],
    ["accepts another key", (peer) => peer.upgradeResponse().replace(/Accept: ./, "Accept: ") + "\r\n\r\n"],
    ["accepts another key", (peer) => peer.upgradeResponse().replace(/\r\nSec-.*/, "") + "\r\n\r\n"],
    [
      "does not upgrade",
      (peer) => peer.upgradeResponse().replace("Upgrade: WebSocket", "Upgrade: h2c") + "\r\n\r\n",
    ],
    [
      "does not upgrade",
      (peer) => peer.upgradeResponse().replace("keep-alive, upgrade", "keep-alive") + "\r\n\r\n",
    ],
    [
      "extension",
      (peer) => `${peer.upgradeResponse()}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
    ],
    ["subprotocol", (peer) => `${peer.upgradeResponse()}\r\nSec-WebSocket-Protocol: realtime\r\n\r\n`],
    ["malformed header", (peer) => `${peer.upgradeResponse()}\r\n folded: line\r\n\r\n`],
    ["malformed header", (peer) => `${peer.upgradeResponse()}\r\nno colon\r\n\r\n`],
    ["longer than 16384 bytes", (peer) => `${peer.upgradeResponse()}\r\nX: ${"x".repeat(17_000)}\r\n\r\n`],
    ["connection ended", (peer) => peer.upgradeResponse()],
  ];
  for (const [problem, respond] of responses) {
    assertStringIncludes((await failedConnect(respond)).message, problem);
  }
});

Deno.test("readUpgradeResponse() reads the response of RFC 6455, 1.3, in chunks of any size and returns the bytes after it", async () => {
  const response = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    "\r\nfirst frames",
  ].join("\r\n");
  const bytes = new TextEncoder().encode(response);
  for (let step = 1; step <= bytes.length; step++) {
    let at = 0;
    const read = (into: Uint8Array) => {
      const chunk = bytes.subarray(at, at += step);
      into.set(chunk);
      return Promise.resolve(chunk.length);
    };
    const rest = await readUpgradeResponse({ read }, "dGhlIHNhbXBsZSBub25jZQ==");
    assertEquals(
      new TextDecoder().decode(rest),
      "first frames".slice(0, Math.min(at, bytes.length) - bytes.length + 12),
    );
  }
});

Deno.test("connectWebSocket() fails after the time limit without a response, and at once without a server", async () => {
  using server = new RawWebSocketServer();
  const clock = new FakeClock();
  const failed = assertRejects(
    () => connectWebSocket(server.url, { handlers, clock, timeoutMs: 3000 }),
    ConnectError,
  );
  using peer = await server.accept();
  clock.advance(3000);
  assertStringIncludes((await failed).message, "it took longer than 3000 ms");
  assertEquals(clock.pending, 0);
  await peer.drained();

  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  const gone = `ws://127.0.0.1:${listener.addr.port}/`;
  assertStringIncludes(
    (await assertRejects(() => connectWebSocket(gone, { handlers }), ConnectError)).message,
    "refused",
  );
});

Deno.test("connectWebSocket() fails after the time limit during the TLS handshake", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const clock = new FakeClock();
  const url = `wss://localhost:${listener.addr.port}/`;
  const failed = assertRejects(
    () => connectWebSocket(url, { handlers, clock, timeoutMs: 3000 }),
    ConnectError,
  );
  using conn = await listener.accept();
  await conn.read(new Uint8Array(16)); // The start of the ClientHello.
  clock.advance(3000);
  assertStringIncludes((await failed).message, "it took longer than 3000 ms");
});

Deno.test("connectWebSocket() can be cancelled before and while connecting", async () => {
  using server = new RawWebSocketServer();
  const cancelled = AbortSignal.abort();
  const early = await assertRejects(
    () => connectWebSocket(server.url, { handlers, signal: cancelled }),
    ConnectError,
  );
  assertStringIncludes(early.message, "it was cancelled");
  const controller = new AbortController();
  const failed = assertRejects(
    () => connectWebSocket(server.url, { handlers, signal: controller.signal }),
    ConnectError,
  );
  using peer = await server.accept();
  controller.abort();
  assertStringIncludes((await failed).message, "it was cancelled");
  await peer.drained();
});

Deno.test("connectWebSocket() rejects invalid URLs and headers without showing them", async () => {
  const invalidUrls = [
    "",
    "127.0.0.1",
    "https://127.0.0.1/",
    "ws://user:secret@127.0.0.1/",
    "ws://127.0.0.1/#secret",
  ];
  for (const url of invalidUrls) {
    const error = await assertRejects(() => connectWebSocket(url, { handlers }), ConnectError);
    assertStringIncludes(error.message, "Cannot connect to the model: its address");
    assert(!error.message.includes("secret"));
  }
  const invalidHeaders = [{ Authorization: "secret\r\nX: y" }, { "X Y": "secret" }, { Host: "secret" }, {
    X: "secret é",
  }];
  for (const invalid of invalidHeaders) {
    const headers = invalid as Record<string, string>;
    const error = await assertRejects(
      () => connectWebSocket("ws://127.0.0.1:1/", { handlers, headers }),
      ConnectError,
    );
    assertStringIncludes(error.message, `the header "${Object.keys(headers)[0]}"`);
    assert(!error.message.includes("secret"));
  }
});

Deno.test("connectWebSocket() connects to an IPv6 address", async () => {
  using listener = Deno.listen({ hostname: "::1", port: 0 });
  const failed = assertRejects(
    () => connectWebSocket(`ws://[::1]:${listener.addr.port}/`, { handlers }),
    ConnectError,
  );
  (await listener.accept()).close();
  await failed;
});
