import { assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../src/clock.ts";
import { TlsFront } from "../src/http/listen/tls_front.ts";
import { createLog } from "../src/telemetry/log.ts";
import { upgradeWebSocket } from "../src/upgrade_web_socket.ts";
import { FIRST } from "./support/certificates.ts";
import { SilentPeer } from "./support/silent_peer.ts";

/** Refuses the stream, as for a wrong token. */
function refuse(request: Request): Response {
  const { socket, response } = upgradeWebSocket(request);
  socket.onopen = () => socket.close(1008, "no valid token");
  return response;
}

/** Before Deno 2.9, the runtime keeps the connection of a peer that sends nothing. */
const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
const ignore = major === 2 && minor < 9;

Deno.test(
  "upgradeWebSocket ends the connection of a silent peer behind the TLS front, too",
  { ignore },
  async () => {
    const front = new TlsFront({
      hostname: "127.0.0.1",
      port: 0,
      pair: { ...FIRST, certFile: "cert.pem", keyFile: "key.pem" },
      handler: refuse,
      clock: systemClock,
      log: createLog({ level: "error", format: "json", write() {} }),
    });
    const peer = new SilentPeer(
      await Deno.connectTls({ hostname: "localhost", port: front.addr.port, caCerts: [FIRST.root] }),
    );
    await peer.open();
    assertStringIncludes(await peer.untilEnd() ?? "the connection stayed", "no valid token");
    await front.shutdown();
  },
);

Deno.test("upgradeWebSocket closes as Deno does when the runtime has no such private fields", async () => {
  const { getOwnPropertySymbols } = Object;
  const closes: string[] = [];
  const ended = Promise.withResolvers<void>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    Object.getOwnPropertySymbols = () => [];
    const { socket, response } = upgradeWebSocket(request);
    Object.getOwnPropertySymbols = getOwnPropertySymbols;
    socket.onopen = () => {
      socket.close(1008, "no valid token");
      socket.close(1000, "again");
    };
    socket.onclose = ({ code }) => {
      closes.push(`server ${code}`);
      ended.resolve();
    };
    return response;
  });
  const client = new WebSocket(`ws://127.0.0.1:${server.addr.port}`);
  const closed = Promise.withResolvers<void>();
  client.onclose = ({ code, reason }) => {
    closes.push(`client ${code} ${reason}`);
    closed.resolve();
  };
  await Promise.all([closed.promise, ended.promise]);
  assertEquals(closes.toSorted(), ["client 1008 no valid token", "server 1008"]);
});
