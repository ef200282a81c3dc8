import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dial, DialError } from "../../../src/model/web_socket/web_socket.ts";
import { readAnswer } from "../../../src/model/web_socket/upgrade.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { type RawPeer, RawServer } from "../raw_server.ts";

const handlers = { onMessage: () => {}, onClose: () => {} };
const headers = { Authorization: "Bearer of-the-header" };

/** Dials a server that answers as `answer` does, and gives the error. */
async function refused(answer: (peer: RawPeer) => string): Promise<DialError> {
  using server = new RawServer();
  const failed = assertRejects(() => dial(server.url, { handlers, headers }), DialError);
  using peer = await server.accept();
  await peer.write(new TextEncoder().encode(answer(peer)));
  peer.conn.closeWrite();
  const error = await failed;
  await peer.drained();
  assertStringIncludes(error.message, 'Cannot dial "ws://127.0.0.1:');
  assert(!/of-the-query|of-the-header/.test(`${error.message} ${error.stack} ${error.cause}`));
  return error;
}

Deno.test("the request asks as RFC 6455 wants it, with the caller's headers", async () => {
  using server = new RawServer();
  const failed = assertRejects(() => dial(server.url, { handlers, headers }), DialError);
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
  assertStringIncludes((await failed).message, "hung up without an answer");
});

Deno.test("a refused upgrade carries its status and what to do, and no redirect is followed", async () => {
  const remedies: [number, string][] = [
    [401, "check the credentials"],
    [403, "check the credentials"],
    [429, "wait, then try again"],
    [302, "give the address it redirects to"],
    [503, "try again later"],
    [200, "check the address"],
  ];
  for (const [status, remedy] of remedies) {
    const error = await refused(() => `HTTP/1.1 ${status} Whatever\r\nLocation: ws://127.0.0.1:1/\r\n\r\n{}`);
    assertEquals(error.status, status);
    assertStringIncludes(error.message, `the server answered ${status}; ${remedy}`);
  }
});

Deno.test("an answer that does not keep to the handshake opens no socket", async () => {
  const answers: [string, (peer: RawPeer) => string][] = [
    ["not HTTP/1.1", () => "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["not HTTP/1.1", (peer) => peer.answer().replace("HTTP/1.1", "HTTP/1.0") + "\r\n\r\n"],
    ["accepts another key", (peer) => peer.answer().replace(/Accept: ./, "Accept: ") + "\r\n\r\n"],
    ["accepts another key", (peer) => peer.answer().replace(/\r\nSec-.*/, "") + "\r\n\r\n"],
    ["does not upgrade", (peer) => peer.answer().replace("Upgrade: WebSocket", "Upgrade: h2c") + "\r\n\r\n"],
    ["does not upgrade", (peer) => peer.answer().replace("keep-alive, upgrade", "keep-alive") + "\r\n\r\n"],
    ["extension", (peer) => `${peer.answer()}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`],
    ["subprotocol", (peer) => `${peer.answer()}\r\nSec-WebSocket-Protocol: realtime\r\n\r\n`],
    ["broken header", (peer) => `${peer.answer()}\r\n folded: line\r\n\r\n`],
    ["broken header", (peer) => `${peer.answer()}\r\nno colon\r\n\r\n`],
    ["longer than 16384 bytes", (peer) => `${peer.answer()}\r\nX: ${"x".repeat(17_000)}\r\n\r\n`],
    ["hung up", (peer) => peer.answer()],
  ];
  for (const [problem, answer] of answers) assertStringIncludes((await refused(answer)).message, problem);
});

Deno.test("the answer of RFC 6455, 1.3, is read in pieces of any size, and what is behind it is kept", async () => {
  const answer = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    "\r\nfirst frames",
  ].join("\r\n");
  const bytes = new TextEncoder().encode(answer);
  for (let step = 1; step <= bytes.length; step++) {
    let at = 0;
    const read = (into: Uint8Array) => {
      const piece = bytes.subarray(at, at += step);
      into.set(piece);
      return Promise.resolve(piece.length);
    };
    const rest = await readAnswer({ read }, "dGhlIHNhbXBsZSBub25jZQ==");
    assertEquals(
      new TextDecoder().decode(rest),
      "first frames".slice(0, Math.min(at, bytes.length) - bytes.length + 12),
    );
  }
});

Deno.test("a server that never answers is left when the time is over, one that is not there at once", async () => {
  using server = new RawServer();
  const clock = new FakeClock();
  const failed = assertRejects(() => dial(server.url, { handlers, clock, timeoutMs: 3000 }), DialError);
  using peer = await server.accept();
  clock.advance(3000);
  assertStringIncludes((await failed).message, "it took longer than 3000 ms");
  assertEquals(clock.pending, 0);
  await peer.drained();

  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  const gone = `ws://127.0.0.1:${listener.addr.port}/`;
  assertStringIncludes((await assertRejects(() => dial(gone, { handlers }), DialError)).message, "refused");
});

Deno.test("a server that does not finish TLS is left when the time is over", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const clock = new FakeClock();
  const url = `wss://localhost:${listener.addr.port}/`;
  const failed = assertRejects(() => dial(url, { handlers, clock, timeoutMs: 3000 }), DialError);
  using conn = await listener.accept();
  await conn.read(new Uint8Array(16)); // The client's hello has begun.
  clock.advance(3000);
  assertStringIncludes((await failed).message, "it took longer than 3000 ms");
});

Deno.test("dialling can be called off at any time before the socket is open", async () => {
  using server = new RawServer();
  const calledOff = AbortSignal.abort();
  const early = await assertRejects(() => dial(server.url, { handlers, signal: calledOff }), DialError);
  assertStringIncludes(early.message, "it was called off");
  const controller = new AbortController();
  const failed = assertRejects(() => dial(server.url, { handlers, signal: controller.signal }), DialError);
  using peer = await server.accept();
  controller.abort();
  assertStringIncludes((await failed).message, "it was called off");
  await peer.drained();
});

Deno.test("addresses and headers that cannot be sent as they are given are refused, and not repeated", async () => {
  const none = [
    "",
    "127.0.0.1",
    "https://127.0.0.1/",
    "ws://user:secret@127.0.0.1/",
    "ws://127.0.0.1/#secret",
  ];
  for (const url of none) {
    const error = await assertRejects(() => dial(url, { handlers }), DialError);
    assertStringIncludes(error.message, "Cannot dial the model: its address");
    assert(!error.message.includes("secret"));
  }
  const broken = [{ Authorization: "secret\r\nX: y" }, { "X Y": "secret" }, { Host: "secret" }, {
    X: "secret é",
  }];
  for (const given of broken) {
    const headers = given as Record<string, string>;
    const error = await assertRejects(() => dial("ws://127.0.0.1:1/", { handlers, headers }), DialError);
    assertStringIncludes(error.message, `the header "${Object.keys(headers)[0]}"`);
    assert(!error.message.includes("secret"));
  }
});

Deno.test("an IPv6 address is dialled without its brackets", async () => {
  using listener = Deno.listen({ hostname: "::1", port: 0 });
  const failed = assertRejects(() => dial(`ws://[::1]:${listener.addr.port}/`, { handlers }), DialError);
  (await listener.accept()).close();
  await failed;
});
