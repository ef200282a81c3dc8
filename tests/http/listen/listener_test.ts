import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { CertificateError, certificateExpiry } from "../../../src/http/listen/certificate.ts";
import { listen, type Listener, type ListenOptions } from "../../../src/http/listen/listener.ts";
import { type JsonObject, parseObject } from "../../../src/json.ts";
import { connectWebSocket } from "../../../src/model/web_socket/web_socket.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { ChangeSignal } from "../../support/wait_until.ts";
import {
  fetchTrusting,
  FIRST,
  RenewedFiles,
  SECOND,
  type TestCertificate,
} from "../../support/certificates.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { freePort } from "../../support/free_port.ts";

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

/** A listener that responds with the URL and the peer, or echoes on a WebSocket. */
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

async function get({ url }: Listener, certificate: TestCertificate): Promise<string> {
  return await (await fetchTrusting(certificate, url)).text();
}

/** Opens a TLS connection without sending a request. */
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

/** Sends a request over a TLS connection and returns the status line. */
async function sendRequest(conn: Deno.TlsConn): Promise<string> {
  await conn.write(
    new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
  );
  let responseText = "";
  for await (const bytes of conn.readable) responseText += new TextDecoder().decode(bytes);
  return responseText.slice(0, responseText.indexOf("\r\n"));
}

/** Opens a WebSocket that echoes. */
async function echo({ url }: Listener, { root }: TestCertificate) {
  const messages: string[] = [];
  let closed: number | undefined;
  const changed = new ChangeSignal();
  const socket = await connectWebSocket(url.replace("http", "ws"), {
    caCerts: [root],
    handlers: {
      onMessage(text) {
        messages.push(text);
        changed.notify();
      },
      onClose(code) {
        closed = code;
        changed.notify();
      },
    },
  });
  return {
    async echo(text: string): Promise<void> {
      assert(socket.send(text), `the socket is closed with ${closed}`);
      await changed.until(`"${text}" to come back`, () => messages.includes(text));
    },
    async close(): Promise<void> {
      socket.close();
      await changed.until("the socket to close", () => closed !== undefined);
    },
  };
}

Deno.test("listen() serves HTTP without a certificate and passes the peer's address", async () => {
  await using running = start();
  const { url } = running.listener;
  assertEquals(await (await fetch(url)).text(), `${url}/ from 127.0.0.1`);
  await running.listener.reload();
  assertEquals(running.lines, []);
});

Deno.test("listen() writes IPv6 addresses in brackets", async () => {
  await using running = start({ hostname: "::1" });
  const { url } = running.listener;
  assertEquals(await (await fetch(url)).text(), `${url}/ from ::1`);
  assert(url.startsWith("http://[::1]:"));
});

Deno.test("listen() serves TLS with the whole chain and passes the peer's address", async () => {
  using files = new RenewedFiles(FIRST);
  await using running = start({ tls: files });
  const { url } = running.listener;
  assertEquals(
    await get(running.listener, FIRST),
    `${url}/ from 127.0.0.1`,
  );
  await assertRejects(() => connect(running.listener, SECOND), Deno.errors.InvalidData, "UnknownIssuer");
});

Deno.test("listen() answers 500 for a handler that throws, also over TLS", async () => {
  using files = new RenewedFiles(FIRST);
  const handler = () => {
    throw new Error("no luck");
  };
  for (const tls of [{}, { tls: files }]) {
    await using running = start({ handler, ...tls });
    const response = await fetchTrusting(FIRST, running.listener.url);
    assertEquals([response.status, await response.text()], [500, ""]);
    assertEquals(running.lines.map(({ event, error }) => [event, error]), [[
      "request failed",
      "Error: no luck",
    ]]);
  }
});

Deno.test("listen() throws AddrInUse for a taken port and leaks nothing", async () => {
  using files = new RenewedFiles(FIRST);
  for (const tls of [{}, { tls: files }]) {
    await using running = start(tls);
    const port = Number(new URL(running.listener.url).port);
    assertThrows(() => start({ port, ...tls }), Deno.errors.AddrInUse);
  }
});

Deno.test("listen() loads a renewed certificate within a minute without closing connections", async () => {
  using files = new RenewedFiles(FIRST);
  const clock = new FakeClock();
  const running = start({ tls: files, clock });
  const { listener, lines } = running;
  clock.advance(30_000);
  const call = await echo(listener, FIRST);
  await call.echo("before");
  clock.advance(25_000);
  const slow = await connect(listener, FIRST);

  files.put(SECOND);
  clock.advance(4_999);
  assertEquals(lines, []);
  clock.advance(1);
  assertEquals(lines.map(({ event, expires }) => [event, expires]), [[
    "certificate loaded",
    "2120-01-01T00:00:00.000Z",
  ]]);
  assertStringIncludes(await get(listener, SECOND), "from 127.0.0.1");
  await assertRejects(() => connect(listener, FIRST), Deno.errors.InvalidData, "UnknownIssuer");
  await call.echo("after");
  assertEquals(await sendRequest(slow), "HTTP/1.1 200 OK", "a connection that had not sent its request yet");

  await call.close();
  clock.advance(600_000);
  assertEquals(lines.length, 1, "unchanged files are loaded once");
  files.put(FIRST);
  clock.advance(60_000);
  assertEquals(lines.length, 2, "later renewals are noticed too");
  await listener.shutdown();
  assertEquals(clock.pending, 0);
});

Deno.test("listen() loses no new connection while the certificate changes", async () => {
  using files = new RenewedFiles(FIRST);
  await using running = start({ tls: files });
  const { listener, lines } = running;
  const either = { ...FIRST, root: `${FIRST.root}${SECOND.root}` };
  let requests = 0;
  const sendRepeatedly = async () => {
    while (lines.length < 10) {
      assertEquals(await sendRequest(await connect(listener, either)), "HTTP/1.1 200 OK");
      requests++;
    }
  };
  const renew = async () => {
    for (let swap = 1; swap <= 10; swap++) {
      const before = requests;
      files.put(swap % 2 ? SECOND : FIRST);
      await listener.reload();
      assertEquals(lines.length, swap);
      while (requests < before + 20 && swap < 10) await sendRequest(await connect(listener, either));
    }
  };
  await Promise.all([renew(), ...Array.from({ length: 8 }, sendRepeatedly)]);
});

Deno.test("listen() keeps the old certificate and logs once when the new one cannot be used", async () => {
  using files = new RenewedFiles(FIRST);
  const clock = new DatedClock();
  await using running = start({ tls: files, clock });
  const { listener, lines } = running;
  const chain = FIRST.cert.indexOf("-----BEGIN", 1);
  const problems: [pair: Pick<TestCertificate, "cert" | "key">, why: RegExp, date?: number][] = [
    [
      { cert: SECOND.cert, key: FIRST.key },
      /^TLS_CERT_FILE, TLS_KEY_FILE: "\S+" and "\S+" are not a usable pair/,
    ],
    [
      { cert: SECOND.cert.slice(0, 300), key: SECOND.key },
      /^TLS_CERT_FILE: "[^"]+" does not contain a PEM certificate/,
    ],
    [{ cert: FIRST.cert.slice(0, chain + 300), key: FIRST.key }, /are not a usable pair/],
    [{ cert: "", key: SECOND.key }, /does not contain a PEM certificate/],
    [{ cert: SECOND.cert, key: SECOND.key.slice(0, 100) }, /are not a usable pair/],
    [{ cert: SECOND.cert, key: "" }, /are not a usable pair/],
    [SECOND, /expired on 2120-01-01; renew/, IN_2200],
    [SECOND, /is valid from 2020-01-01; correct this machine's clock/, 0],
  ];
  for (const [pair, why, date] of problems) {
    files.put(pair);
    clock.date = date;
    lines.length = 0;
    for (let looks = 0; looks < 3; looks++) await listener.reload();
    assertEquals(
      lines.map(({ level, event }) => [level, event]),
      [["warn", "certificate not loaded"]],
      `${why}`,
    );
    const problem = String(lines[0]?.problem);
    assert(why.test(problem), problem);
    assert(
      !problem.includes("-----") && !problem.includes(pair.key.slice(40, 60) || "-----"),
      "the problem must not show the key",
    );
    await get(listener, FIRST);
  }
  Deno.removeSync(files.keyFile);
  lines.length = 0;
  await listener.reload();
  assertEquals(
    lines[0]?.problem,
    `TLS_KEY_FILE: cannot read "${files.keyFile}": it does not exist; name a PEM file that this user may read`,
  );
  clock.date = undefined;
  files.put(SECOND);
  await listener.reload();
  await get(listener, SECOND);
});

Deno.test("listen() throws CertificateError and frees the port when the first certificate cannot be used", () => {
  using files = new RenewedFiles({ cert: SECOND.cert, key: FIRST.key });
  const port = freePort();
  const refused = (message: string, change: Partial<ListenOptions> = {}) =>
    assertThrows(() => start({ port, tls: files, ...change }), CertificateError, message);
  refused("name the certificate with its chain, and its own key");
  refused(`TLS_CERT_FILE: cannot read "${files.folder}"`, { tls: { ...files, certFile: files.folder } });
  refused(`TLS_KEY_FILE: cannot read "nowhere": it does not exist`, {
    tls: { certFile: files.certFile, keyFile: "nowhere" },
  });
  const clock: Clock = Object.assign(new DatedClock(), { date: IN_2200 });
  refused("expired on 2120-01-01", { clock });
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});

Deno.test("certificateExpiry() accepts a certificate from its first to its last millisecond", () => {
  const pair = { ...FIRST, certFile: "c.pem", keyFile: "k.pem" };
  const from = Date.UTC(2020, 0), to = Date.UTC(2120, 0);
  for (const time of [from, to - 1]) assertEquals(certificateExpiry(pair, time).getTime(), to);
  for (const time of [from - 1, to]) assertThrows(() => certificateExpiry(pair, time), CertificateError);
});

Deno.test("listen() closes a TLS connection after a minute without traffic, in any state", async () => {
  using files = new RenewedFiles(FIRST);
  const clock = new FakeClock();
  const running = start({ tls: files, clock });
  const { port } = new URL(running.listener.url);
  using silent = await Deno.connect({ port: Number(port) });
  using incomplete = await connect(running.listener, FIRST);
  await incomplete.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: local"));
  const call = await echo(running.listener, FIRST);
  await call.echo("here");
  clock.advance(45_000);
  await call.echo("still here");
  clock.advance(30_000);
  const changed = new ChangeSignal();
  let ended = 0;
  for (const conn of [silent, incomplete]) {
    conn.read(new Uint8Array(1)).catch(() => null).then(() => {
      ended++;
      changed.notify();
    });
  }
  await changed.until("both to be closed", () => ended === 2);
  await call.echo("and still");
  await call.close();
  await running.listener.shutdown();
  assertEquals(clock.pending, 0);
});

Deno.test("TlsFront refuses direct connections to its loopback server", async () => {
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
  const response = await fetchTrusting(FIRST, `https://127.0.0.1:${inner.port}/`);
  assertEquals([response.status, await response.text()], [403, ""]);
  await running.listener.shutdown();
});

Deno.test("shutdown() answers the request in progress and refuses new connections", async () => {
  using files = new RenewedFiles(FIRST);
  for (const tls of [{}, { tls: files }]) {
    const requested = Promise.withResolvers<void>(), response = Promise.withResolvers<Response>();
    const handler = () => {
      requested.resolve();
      return response.promise;
    };
    const { listener } = start({ handler, ...tls });
    const pending = get(listener, FIRST);
    await requested.promise;
    const down = listener.shutdown();
    await assertRejects(() => get(listener, FIRST), TypeError);
    response.resolve(new Response("in time"));
    assertEquals(await pending, "in time");
    await down;
  }
});
