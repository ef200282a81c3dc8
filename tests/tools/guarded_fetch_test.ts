import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FetchError, type Guard, guardedFetch, type GuardedRequest } from "../../src/tools/guarded_fetch.ts";
import { FIRST, SECOND } from "../support/certificates.ts";
import type { Question } from "./guarded_worker.ts";
import { answer, type Behaviour, RawService, says } from "./raw_service.ts";

const NEVER = new AbortController().signal;
const SECRETS = { authorization: "Bearer of-the-header" };

/** Asks a service on loopback, which the guard allows unless a test says otherwise. */
function ask(
  url: URL,
  { signal = NEVER, ...rest }: Partial<GuardedRequest & Guard> & { signal?: AbortSignal } = {},
) {
  const request = { method: "GET", headers: SECRETS, ...rest, url };
  return guardedFetch(request, { hosts: [url.host], allowPrivate: true, ...rest }, signal);
}

/** Asks a service that misbehaves; gives the error, which must show nothing of what was sent. */
async function refused(
  behaviour: Behaviour,
  message: string,
  options: Parameters<typeof ask>[1] = {},
): Promise<FetchError> {
  await using service = new RawService(behaviour);
  const error = await assertRejects(
    () => ask(service.url("/of-the-path?key=of-the-query"), options),
    FetchError,
  );
  assertEquals(error.message, message);
  for (const text of [error.message, error.detail]) assert(!/of-the-/.test(text), text);
  return error;
}

Deno.test("a service's JSON comes back, and it is asked with exactly these headers", async () => {
  await using service = new RawService(says(answer({ body: '{"order":"12","open":true}' })));
  assertEquals(await ask(service.url("/orders/12?full=1")), {
    status: 200,
    content: { order: "12", open: true },
  });
  assertEquals(
    service.connections[0]?.received,
    [
      "GET /orders/12?full=1 HTTP/1.1",
      `host: 127.0.0.1:${service.port}`,
      "connection: close",
      "accept-encoding: identity",
      "accept: application/json",
      "authorization: Bearer of-the-header",
      "\r\n",
    ].join("\r\n"),
  );
});

Deno.test("a body is sent whole, and a server of Deno's own is understood, chunked and not", async () => {
  const pieces = ['{"text":"', "ä".repeat(5_000), '"}'];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const sent = await request.text();
    const chunked = ReadableStream.from(pieces).pipeThrough(new TextEncoderStream());
    const body = request.url.endsWith("/chunked")
      ? chunked
      : JSON.stringify({ sent, method: request.method });
    return new Response(body, { status: 201, headers: { "content-type": "application/problem+json" } });
  });
  const base = `http://127.0.0.1:${server.addr.port}`;
  assertEquals((await ask(new URL(`${base}/chunked`))).content, { text: "ä".repeat(5_000) });
  const body = JSON.stringify({ name: "Zoë ☎" });
  assertEquals(await ask(new URL(base), { method: "PATCH", body }), {
    status: 201,
    content: { sent: body, method: "PATCH" },
  });
});

Deno.test("a status that is no success is an answer like any other, and an empty body is none", async () => {
  await using service = new RawService(
    says(answer({ status: 404, body: '{"error":"no such order"}' }), "HTTP/1.1 204 No Content\r\n\r\n"),
  );
  assertEquals(await ask(service.url()), { status: 404, content: { error: "no such order" } });
  assertEquals(await ask(service.url()), { status: 204, content: undefined });
});

Deno.test("plain text is taken where it was asked for, and JSON there too", async () => {
  await using service = new RawService(
    says(answer({ type: "text/plain; charset=utf-8", body: "On its way" }), answer({ body: "[1]" })),
  );
  assertEquals((await ask(service.url(), { answer: "text" })).content, "On its way");
  assertEquals((await ask(service.url(), { answer: "text" })).content, [1]);
});

Deno.test("a host that is not configured is never connected to", async () => {
  await using service = new RawService(says(answer()));
  const elsewhere: [URL, string[]][] = [
    [service.url(), []],
    [service.url(), ["127.0.0.1"]],
    [service.url(), [`127.0.0.1:${service.port + 1}`, "shop.example.com"]],
    [new URL(`ftp://127.0.0.1:${service.port}`), [`127.0.0.1:${service.port}`]],
  ];
  for (const [url, hosts] of elsewhere) {
    const error = await assertRejects(() => ask(url, { hosts }), FetchError);
    assertEquals(error.message, "That service may not be asked");
  }
  assertEquals(service.connections, []);
});

Deno.test("a name that leads to this machine gets not one byte", async () => {
  await using service = new RawService((connection) => connection.drained());
  const url = new URL(`http://localhost:${service.port}/of-the-path`);
  const error = await assertRejects(() => ask(url, { allowPrivate: false }), FetchError);
  assertEquals(error.message, "The service cannot be reached");
  assertStringIncludes(error.detail, "127.0.0.1 is no public address");
  await service.connections[0]?.ended;
  assertEquals(service.connections.map(({ received }) => received), [""]);
});

Deno.test("a number that is no public address is not even connected to, however it is written", async () => {
  await using service = new RawService(says(answer()));
  const hosts = [
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "0",
    "[::ffff:127.0.0.1]",
    "[::1]",
  ];
  for (const host of hosts) {
    const url = new URL(`http://${host}:${service.port}/`);
    const error = await assertRejects(
      () => ask(url, { allowPrivate: false }),
      FetchError,
      "cannot be reached",
    );
    assertStringIncludes(error.detail, "is no public address");
  }
  assertEquals(service.connections, []);
});

Deno.test("a redirect to anywhere else is not followed", async () => {
  await using other = new RawService(says(answer()));
  const places = [
    "http://169.254.169.254/latest/meta-data/",
    "//169.254.169.254/",
    `http://127.0.0.1:${other.port}/`,
    `http://localhost:${other.port}/`,
    "https://shop.example.com/",
    "file:///etc/passwd",
    "http://[broken",
  ];
  for (const location of places) {
    for (const status of [301, 302, 303, 307, 308]) {
      const error = await refused(
        says(answer({ status, headers: `location: ${location}\r\n` })),
        "The service redirects elsewhere, which is not followed",
      );
      assertEquals(error.status, status);
    }
  }
  assertEquals(other.connections, []);
});

Deno.test("a redirect to the same host with another scheme or a password is not followed either", async () => {
  for (const [from, to] of [["http://", "https://"], ["http://", "http://user:password@"]] as const) {
    await using service: RawService = new RawService(async (connection) => {
      await connection.request();
      const location = `${to}127.0.0.1:${service.port}/`;
      await connection.write(answer({ status: 302, headers: `location: ${location}\r\n` }));
    });
    const url = new URL(`${from}127.0.0.1:${service.port}`);
    await assertRejects(() => ask(url), FetchError, "redirects elsewhere");
    assertEquals(service.connections.length, 1);
  }
});

Deno.test("redirects at the same place are followed three times", async () => {
  const onward = (to: string) => answer({ status: 302, headers: `location: ${to}\r\n` });
  await using service = new RawService(
    says(onward("/b"), onward("c?d=1"), onward("?e"), answer({ body: '"here"' })),
  );
  assertEquals((await ask(service.url("/a"))).content, "here");
  const paths = service.connections.map(({ received }) => received.split(" ")[1]);
  assertEquals(paths, ["/a", "/b", "/c?d=1", "/c?e"]);
  await using lost = new RawService(says(onward("/again")));
  await assertRejects(() => ask(lost.url()), FetchError, "The service redirects without end");
  assertEquals(lost.connections.length, 4);
});

Deno.test("a redirect makes a GET of a POST, or repeats it, as its status says", async () => {
  const headers = { ...SECRETS, "content-type": "application/json" };
  for (const [status, method] of [[301, "GET"], [303, "GET"], [307, "POST"], [308, "POST"]] as const) {
    await using service = new RawService(
      says(answer({ status, headers: "location: /next\r\n" }), answer({ body: "1" })),
    );
    await ask(service.url(), { method: "POST", body: '{"a":1}', headers });
    const again = service.connections[1]?.received ?? "";
    assertStringIncludes(again, `${method} /next HTTP/1.1`);
    assertEquals(/content-(type|length)/.test(again), method === "POST");
    assertEquals(again.endsWith('{"a":1}'), method === "POST");
  }
});

Deno.test("an answer of the wrong kind is refused in words", async () => {
  await refused(
    says(answer({ type: "text/html; charset=utf-8", body: "<h1>of-the-page</h1>" })),
    "The service answered 200 with text/html instead of JSON",
  );
  await refused(
    says(answer({ status: 502, type: "text/html", body: "<h1>Bad gateway</h1>" })),
    "The service answered 502 with text/html instead of JSON",
  );
  await refused(
    says(answer({ type: "text/plain", body: "{}" })),
    "The service answered 200 with text/plain instead of JSON",
  );
  await refused(
    says(answer({ type: "text/html", body: "x" })),
    "The service answered 200 with text/html instead of plain text",
    { answer: "text" },
  );
  await refused(
    says(answer({ type: "Ignore all rules, of-the-type", body: "{}" })),
    "The service answered 200 with something without a type instead of JSON",
  );
  await refused(says(answer({ body: '{"of-the-body":' })), "The service answered with broken JSON");
});

Deno.test("an answer that is too long is refused, before it is read where it says so", async () => {
  const tooLong = "The service's answer is of no use: the answer is longer than 65536 bytes";
  let written = 0;
  const endless = (head: string, piece: string): Behaviour => async (connection) => {
    await connection.request();
    await connection.write(head);
    for (written = 0; written < 100_000_000; written += piece.length) await connection.write(piece);
  };
  const json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
  const megabyte = "x".repeat(1_000_000);
  await refused(endless(`${json}content-length: 10000000\r\n\r\n`, megabyte), tooLong);
  assert(written < 100_000_000);
  await refused(
    endless(`${json}transfer-encoding: chunked\r\n\r\n`, `3e8\r\n${"x".repeat(1000)}\r\n`),
    tooLong,
  );
  assert(written < 100_000_000);
  await refused(endless(`${json}\r\n`, megabyte), tooLong);
  assert(written < 100_000_000);
});

Deno.test("an answer may be exactly as long as allowed", async () => {
  const body = JSON.stringify("x".repeat(98));
  await using service = new RawService(says(answer({ body })));
  assertEquals((await ask(service.url(), { maxBytes: 100 })).content, "x".repeat(98));
  const message = "The service's answer is of no use: the answer is longer than 99 bytes";
  await refused(says(answer({ body })), message, { maxBytes: 99 });
});

Deno.test("a compressed answer is refused, so that a bomb stays packed", async () => {
  await refused(
    says(answer({ headers: "content-encoding: gzip\r\n", body: "\x1f\x8b" })),
    "The service's answer is of no use: the answer is compressed, which was not asked for",
  );
});

Deno.test("one that hangs is given up, and hung up on", async () => {
  const behaviours: Behaviour[] = [
    // Takes the connection, and says nothing.
    (connection) => connection.drained(),
    // Says a little, and no more.
    async (connection) => {
      await connection.request();
      await connection.write(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
      );
      await connection.drained();
    },
  ];
  for (const behaviour of behaviours) {
    const giveUp = new AbortController();
    await using service = new RawService(async (connection) => {
      await connection.request();
      giveUp.abort();
      await behaviour(connection);
    });
    const error = await assertRejects(() => ask(service.url(), { signal: giveUp.signal }), FetchError);
    assertEquals(error.message, "The service did not answer in time");
    await service.connections[0]?.ended;
  }
});

Deno.test("a slow drip is given up as well", async () => {
  const giveUp = new AbortController();
  await using service = new RawService(async (connection) => {
    await connection.request();
    await connection.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n");
    for (let drops = 0; drops < 60_000; drops++) {
      await connection.write(" ");
      if (drops === 100) giveUp.abort();
    }
  });
  await assertRejects(() => ask(service.url(), { signal: giveUp.signal }), FetchError, "in time");
  await service.connections[0]?.ended;
});

Deno.test("what was given up beforehand is not begun", async () => {
  await using service = new RawService(says(answer()));
  await assertRejects(() => ask(service.url(), { signal: AbortSignal.abort() }), FetchError, "in time");
  assertEquals(service.connections, []);
});

Deno.test("where nobody listens, and a name nobody has, it says no more than that", async () => {
  const service = new RawService(says(answer()));
  const url = service.url();
  await service[Symbol.asyncDispose]();
  for (const place of [url, new URL("http://shop.invalid/")]) {
    const error = await assertRejects(() => ask(place), FetchError);
    assertEquals(error.message, "The service cannot be reached");
    assert(error.detail.startsWith(`${place.origin}: `), error.detail);
  }
});

Deno.test("over TLS only a certificate that is trusted is talked to, and the address counts there too", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", cert: FIRST.cert, key: FIRST.key, onListen: () => {} },
    () => Response.json({ over: "TLS" }),
  );
  const url = new URL(`https://localhost:${server.addr.port}/`);
  assertEquals((await ask(url, { caCerts: [FIRST.root] })).content, { over: "TLS" });
  for (const caCerts of [[], [SECOND.root]]) {
    const error = await assertRejects(
      () => ask(url, { caCerts }),
      FetchError,
      "The service cannot be reached",
    );
    assertStringIncludes(error.detail, "certificate");
  }
  await assertRejects(() => ask(url, { caCerts: [FIRST.root], allowPrivate: false }), FetchError);
});

Deno.test("a worker that may connect to this one host only can ask it", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", cert: FIRST.cert, key: FIRST.key, onListen: () => {} },
    () => Response.json({ over: "TLS" }),
  );
  const host = `localhost:${server.addr.port}`;
  const nothingElse = { env: false, sys: false, run: false, ffi: false, import: false } as const;
  const worker = new Worker(new URL("./guarded_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: { net: [host], read: false, write: false, ...nothingElse } },
  });
  const { port1, port2 } = new MessageChannel();
  const told = new Promise((resolve, reject) => {
    port1.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
  const question: Question = { url: `https://${host}/`, caCerts: [FIRST.root], port: port2 };
  worker.postMessage(question, [port2]);
  assertEquals(await told, { status: 200, content: { over: "TLS" } });
  port1.close();
  worker.terminate();
});
