import { assertEquals } from "@std/assert";
import { systemClock } from "../../../src/clock.ts";
import { gaDialect } from "../../../src/model/ga/ga_session.ts";
import type { SessionFailure } from "../../../src/model/session.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { RawServer } from "../raw_server.ts";

/** A text frame of the server's, unmasked. */
function frame(text: string): number[] {
  const payload = new TextEncoder().encode(text);
  const length = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 0xff];
  return [0x81, ...length, ...payload];
}

Deno.test("a model that does not read any more is given up, before the memory is full", async () => {
  using server = new RawServer();
  const ready = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<SessionFailure>();
  const nothing = () => {};
  const session = gaDialect(systemClock)(
    {
      url: server.url.replace(/\?.*/, ""),
      apiKey: undefined,
      model: "m",
      voice: "v",
      audioFormat: "pcmu",
      instructions: "i",
    },
    {
      ready: () => ready.resolve(),
      failed: (failure) => failed.resolve(failure),
      speechStarted: nothing,
      speechStopped: nothing,
      complained: nothing,
      skipped: nothing,
      itemAdded: nothing,
      wordsCame: nothing,
      callerSaid: nothing,
      assistantSaid: nothing,
      functionCalled: nothing,
      approvalAsked: nothing,
      audio: nothing,
      answered: nothing,
    },
    createLog({ level: "error", format: "json", write: nothing }),
  );
  using peer = await server.accept();
  const format = { format: { type: "audio/pcmu" } };
  const updated = { type: "session.updated", session: { audio: { input: format, output: format } } };
  await peer.grant([
    ...frame(JSON.stringify({ type: "session.created", session: { id: "s" } })),
    ...frame(JSON.stringify(updated)),
  ]);
  await ready.promise;
  let over = false;
  const failure = failed.promise.then((failure) => {
    over = true;
    return failure;
  });
  // The kernel takes some megabytes before anything waits here.
  for (let sent = 0; !over && sent < 1_000; sent++) {
    session.appendAudio("A".repeat(1 << 16));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals((await failure).code, "overloaded");
  peer.conn.close();
});
