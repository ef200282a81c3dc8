import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { CertificateError, endOf } from "../../../src/http/listen/certificate.ts";
import { listen, type Listener, type ListenOptions } from "../../../src/http/listen/listener.ts";
import { type JsonObject, parseObject } from "../../../src/json.ts";
import { dial } from "../../../src/model/web_socket/web_socket.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { Bell } from "../../support/bell.ts";
import { FIRST, RenewedFiles, SECOND, type TestCertificate } from "../../support/certificates.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const IN_2200 = Date.UTC(2200, 0);

class DatedClock extends FakeClock {
  date: number | undefined;

  override wallTime(): number {
    return this.date ?? super.wallTime();
  }
}

interface Running extends AsyncDisposable {
  readonly listener: Listener;
  readonly lines: JsonObject[];
}

/** A listener that says who asked, or echoes on a WebSocket. */
function start(options: Partial<ListenOptions> = {}): Running {
  const lines: JsonObject[] = [];
  const log = createLog({
    level: "debug",
    format: "json",
    write: (line) => lines.push(parseObject(line) ?? {}),
  });
  const handler = (request: Request, peer: string) => {
    if (!request.headers.has("upgrade")) return new Response(`${request.url} from ${peer}`);
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  };
  const listener = listen({ hostname: "127.0.0.1", port: 0, handler, clock: systemClock, log, ...options });
  return { listener, lines, [Symbol.asyncDispose]: () => listener.shutdown() };
}

/** What a client gets that trusts one authority only; its own connection each time. */
async function get({ url }: Listener, { root }: TestCertificate): Promise<string> {
  using client = Deno.createHttpClient({ caCerts: [root], poolMaxIdlePerHost: 0 });
  return await (await fetch(url, { client })).text();
}

/** A connection of its own, kept: a request can follow later. */
async function connect({ url }: Listener, { root }: TestCertificate): Promise<Deno.TlsConn> {
  const { hostname, port } = new URL(url);
  const conn = await Deno.connectTls({ hostname, port: Number(port), caCerts: [root] });
  try {
    await conn.handshake();
  } catch (error) {
    conn.close();
    throw error;
  }
  return conn;
}

/** Asks over such a connection; the status line. */
async function ask(conn: Deno.TlsConn): Promise<string> {
  await conn.write(
    new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
  );
  let answer = "";
  for await (const bytes of conn.readable) answer += new TextDecoder().decode(bytes);
  return answer.slice(0, answer.indexOf("\r\n"));
}

/** A WebSocket on which each message comes back. */
async function echo({ url }: Listener, { root }: TestCertificate) {
  const got: string[] = [];
  let closed: number | undefined;
  const bell = new Bell();
  const socket = await dial(url.replace("http", "ws"), {
    caCerts: [root],
    handlers: {
      onMessage(text) {
        got.push(text);
        bell.ring();
      },
      onClose(code) {
        closed = code;
        bell.ring();
      },
    },
  });
  return {
    async say(text: string): Promise<void> {
      assert(socket.send(text), `the socket is closed with ${closed}`);
      await bell.until(`"${text}" to come back`, () => got.includes(text));
    },
    async close(): Promise<void> {
      socket.close();
      await bell.until("the socket to close", () => closed !== undefined);
    },
  };
}

Deno.test("without a certificate it speaks HTTP, and says who asks", async () => {
  await using running = start();
  const { url } = running.listener;
  assertEquals(await (await fetch(url)).text(), `${url}/ from 127.0.0.1`);
  await running.listener.reload();
  assertEquals(running.lines, []);
});

Deno.test("an IPv6 address is written in brackets", async () => {
  await using running = start({ hostname: "::1" });
  const { url } = running.listener;
  assertEquals(await (await fetch(url)).text(), `${url}/ from ::1`);
  assert(url.startsWith("http://[::1]:"));
});

Deno.test("with a certificate it speaks TLS, shows the whole chain, and says who asks", async () => {
  using files = new RenewedFiles(FIRST);
  await using running = start({ tls: files });
  const { url } = running.listener;
  assertEquals(await get(running.listener, FIRST), `${url}/ from 127.0.0.1`);
  await assertRejects(() => connect(running.listener, SECOND), Deno.errors.InvalidData, "UnknownIssuer");
});

Deno.test("a handler that throws is answered for, over TLS too", async () => {
  using files = new RenewedFiles(FIRST);
  const handler = () => {
    throw new Error("no luck");
  };
  for (const tls of [{}, { tls: files }]) {
    await using running = start({ handler, ...tls });
    using client = Deno.createHttpClient({ caCerts: [FIRST.root], poolMaxIdlePerHost: 0 });
    const response = await fetch(running.listener.url, { client });
    assertEquals([response.status, await response.text()], [500, ""]);
    assertEquals(running.lines.map(({ event, error }) => [event, error]), [[
      "request failed",
      "Error: no luck",
    ]]);
  }
});

Deno.test("a port that is taken is said to be, and nothing is left open", async () => {
  using files = new RenewedFiles(FIRST);
  for (const tls of [{}, { tls: files }]) {
    await using running = start(tls);
    const port = Number(new URL(running.listener.url).port);
    assertThrows(() => start({ port, ...tls }), Deno.errors.AddrInUse);
  }
});

Deno.test("a renewed certificate is taken within a minute, at the same port, and cuts nothing", async () => {
  using files = new RenewedFiles(FIRST);
  const clock = new FakeClock();
  const running = start({ tls: files, clock });
  const { listener, lines } = running;
  clock.advance(30_000);
  const call = await echo(listener, FIRST);
  await call.say("before");
  const slow = await connect(listener, FIRST);

  files.put(SECOND);
  clock.advance(29_999);
  assertEquals(lines, []);
  clock.advance(1);
  assertEquals(lines.map(({ event, until }) => [event, until]), [[
    "certificate taken",
    "2120-01-01T00:00:00.000Z",
  ]]);
  assertStringIncludes(await get(listener, SECOND), "from 127.0.0.1");
  await assertRejects(() => connect(listener, FIRST), Deno.errors.InvalidData, "UnknownIssuer");
  await call.say("after");
  assertEquals(await ask(slow), "HTTP/1.1 200 OK", "a connection that had not sent its request yet");

  await call.close();
  clock.advance(600_000);
  assertEquals(lines.length, 1, "the same files are taken once");
  files.put(FIRST);
  clock.advance(60_000);
  assertEquals(lines.length, 2, "and it goes on looking");
  await listener.shutdown();
  assertEquals(clock.pending, 0);
});

Deno.test("of a stream of new connections none is lost while the certificate changes", async () => {
  using files = new RenewedFiles(FIRST);
  await using running = start({ tls: files });
  const { listener, lines } = running;
  const either = { ...FIRST, root: `${FIRST.root}${SECOND.root}` };
  let asked = 0;
  const askAgainAndAgain = async () => {
    while (lines.length < 10) {
      assertEquals(await ask(await connect(listener, either)), "HTTP/1.1 200 OK");
      asked++;
    }
  };
  const renew = async () => {
    for (let swap = 1; swap <= 10; swap++) {
      const before = asked;
      files.put(swap % 2 ? SECOND : FIRST);
      await listener.reload();
      assertEquals(lines.length, swap);
      while (asked < before + 20 && swap < 10) await ask(await connect(listener, either));
    }
  };
  await Promise.all([renew(), ...Array.from({ length: 8 }, askAgainAndAgain)]);
});

Deno.test("a pair that cannot be used is not taken, which is said once", async () => {
  using files = new RenewedFiles(FIRST);
  const clock = new DatedClock();
  await using running = start({ tls: files, clock });
  const { listener, lines } = running;
  const chain = FIRST.cert.indexOf("-----BEGIN", 1);
  const problems: [pair: Pick<TestCertificate, "cert" | "key">, why: RegExp, date?: number][] = [
    [
      { cert: SECOND.cert, key: FIRST.key },
      /^TLS_CERT_FILE, TLS_KEY_FILE: "\S+" and "\S+" are no usable pair/,
    ],
    [{ cert: SECOND.cert.slice(0, 300), key: SECOND.key }, /^TLS_CERT_FILE: no certificate was found in "/],
    [{ cert: FIRST.cert.slice(0, chain + 300), key: FIRST.key }, /are no usable pair/],
    [{ cert: "", key: SECOND.key }, /no certificate was found/],
    [{ cert: SECOND.cert, key: SECOND.key.slice(0, 100) }, /are no usable pair/],
    [{ cert: SECOND.cert, key: "" }, /are no usable pair/],
    [SECOND, /ended on 2120-01-01; renew/, IN_2200],
    [SECOND, /begins on 2020-01-01; set this machine's clock/, 0],
  ];
  for (const [pair, why, date] of problems) {
    files.put(pair);
    clock.date = date;
    lines.length = 0;
    for (let looks = 0; looks < 3; looks++) await listener.reload();
    assertEquals(
      lines.map(({ level, event }) => [level, event]),
      [["warn", "certificate not taken"]],
      `${why}`,
    );
    const said = String(lines[0]?.why);
    assert(why.test(said), said);
    assert(!said.includes("-----") && !said.includes(pair.key.slice(40, 60) || "-----"), "the key is shown");
    await get(listener, FIRST);
  }
  Deno.removeSync(files.keyFile);
  lines.length = 0;
  await listener.reload();
  assertEquals(
    lines[0]?.why,
    `TLS_KEY_FILE: cannot read "${files.keyFile}": it does not exist; name a PEM file that this user may read`,
  );
  clock.date = undefined;
  files.put(SECOND);
  await listener.reload();
  await get(listener, SECOND);
});

Deno.test("a certificate that cannot be used at the start is refused, and the port is free again", () => {
  using files = new RenewedFiles({ cert: SECOND.cert, key: FIRST.key });
  const port = freePort();
  const refused = (message: string, change: Partial<ListenOptions> = {}) =>
    assertThrows(() => start({ port, tls: files, ...change }), CertificateError, message);
  refused("give the certificate with its chain, and its own key");
  refused(`TLS_CERT_FILE: cannot read "${files.folder}"`, { tls: { ...files, certFile: files.folder } });
  refused(`TLS_KEY_FILE: cannot read "nowhere": it does not exist`, {
    tls: { certFile: files.certFile, keyFile: "nowhere" },
  });
  const clock: Clock = Object.assign(new DatedClock(), { date: IN_2200 });
  refused("ended on 2120-01-01", { clock });
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("a certificate is good from its first to its last moment", () => {
  const pair = { ...FIRST, certFile: "c.pem", keyFile: "k.pem" };
  const from = Date.UTC(2020, 0), to = Date.UTC(2120, 0);
  for (const time of [from, to - 1]) assertEquals(endOf(pair, time).getTime(), to);
  for (const time of [from - 1, to]) assertThrows(() => endOf(pair, time), CertificateError);
});

Deno.test("a connection on which nothing moves is closed after a minute, whatever it had begun", async () => {
  using files = new RenewedFiles(FIRST);
  const clock = new FakeClock();
  const running = start({ tls: files, clock });
  const { port } = new URL(running.listener.url);
  using silent = await Deno.connect({ port: Number(port) });
  using begun = await connect(running.listener, FIRST);
  await begun.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: local"));
  const call = await echo(running.listener, FIRST);
  await call.say("here");
  clock.advance(45_000);
  await call.say("still here");
  clock.advance(30_000);
  const bell = new Bell();
  let ended = 0;
  for (const conn of [silent, begun]) {
    conn.read(new Uint8Array(1)).catch(() => null).then(() => {
      ended++;
      bell.ring();
    });
  }
  await bell.until("both to be closed", () => ended === 2);
  await call.say("and still");
  await call.close();
  await running.listener.shutdown();
  assertEquals(clock.pending, 0);
});

Deno.test("who finds the port behind the front is refused", async () => {
  using files = new RenewedFiles(FIRST);
  const real = Deno.serve;
  let inner: Deno.NetAddr | undefined;
  const watched = (...args: Parameters<typeof real>) => {
    const server = real(...args);
    inner = server.addr as Deno.NetAddr;
    return server;
  };
  Object.assign(Deno, { serve: watched });
  const running = start({ tls: files });
  Object.assign(Deno, { serve: real });
  assert(inner, "no server was started");
  assertEquals(inner.hostname, "127.0.0.1");
  using client = Deno.createHttpClient({ caCerts: [FIRST.root], poolMaxIdlePerHost: 0 });
  const response = await fetch(`https://127.0.0.1:${inner.port}/`, { client });
  assertEquals([response.status, await response.text()], [403, ""]);
  await running.listener.shutdown();
});

Deno.test("a shutdown answers the request in progress and lets nobody else in", async () => {
  using files = new RenewedFiles(FIRST);
  for (const tls of [{}, { tls: files }]) {
    const asked = Promise.withResolvers<void>(), answer = Promise.withResolvers<Response>();
    const handler = () => {
      asked.resolve();
      return answer.promise;
    };
    const { listener } = start({ handler, ...tls });
    const pending = get(listener, FIRST);
    await asked.promise;
    const down = listener.shutdown();
    await assertRejects(() => get(listener, FIRST), TypeError);
    answer.resolve(new Response("in time"));
    assertEquals(await pending, "in time");
    await down;
  }
});
