import { assertEquals } from "@std/assert";
import { isObject, type JsonObject, parseObject } from "../../../src/json.ts";
import { connectWebSocket } from "../../../src/model/web_socket/web_socket.ts";
import { ChangeSignal } from "../../support/wait_until.ts";
import { fetchTrusting, FIRST, RenewedFiles } from "../../support/certificates.ts";

const PROGRAM = new URL("./flooded_listener.ts", import.meta.url).href;
/** File descriptor limit of the program. */
const LIMIT = 120;

for (const secure of [false, true]) {
  Deno.test({
    name: `a listener keeps its WebSocket and recovers after a flood takes every file descriptor (${
      secure ? "TLS" : "plain"
    })`,
    ignore: Deno.build.os === "windows",
    async fn() {
      using files = new RenewedFiles(FIRST);
      const command = `ulimit -n ${LIMIT}; exec "$0" run --no-config --no-lock --no-check -A "$@"`;
      const args = [
        "-c",
        command,
        Deno.execPath(),
        PROGRAM,
        ...(secure ? [files.certFile, files.keyFile] : []),
      ];
      await using process = new Deno.Command("sh", { args, stdout: "piped" }).spawn();
      const lines: JsonObject[] = [];
      const changes = new ChangeSignal();
      const reading = (async () => {
        let rest = "";
        for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
          const whole = (rest + text).split("\n");
          rest = whole.pop() ?? "";
          lines.push(...whole.map(parseObject).filter(isObject));
          changes.notify();
        }
      })();
      const logged = (...events: string[]) =>
        changes.until(events.join(" or "), () => lines.find(({ event }) => events.includes(String(event))));
      const url = String((await logged("listening")).url);

      const messages: string[] = [];
      const closed = Promise.withResolvers<void>();
      const call = await connectWebSocket(url.replace("http", "ws"), {
        caCerts: [FIRST.root],
        handlers: {
          onMessage(text) {
            messages.push(text);
            changes.notify();
          },
          onClose: () => closed.resolve(),
        },
      });
      const echo = async (text: string) => {
        call.send(text);
        await changes.until(`"${text}" to come back`, () => messages.includes(text));
      };

      const { hostname, port } = new URL(url);
      const failures = ["listening failed", "connection not accepted"];
      const flood: Deno.Conn[] = [];
      // Deno 2.6 reports the failure only once descriptors are free again, but closes waiting connections
      // immediately.
      let closedOne = false;
      const watch = (conn: Deno.Conn) => {
        flood.push(conn);
        conn.read(new Uint8Array(1)).catch(() => null).then(() => {
          closedOne = true;
          changes.notify();
        });
      };
      for (let count = 0; count < LIMIT; count++) {
        await Deno.connect({ hostname, port: Number(port) }).then(watch, () => closedOne = true);
      }
      await changes.until(
        "the flood to take effect",
        () => closedOne || lines.some(({ event }) => failures.includes(String(event))),
      );
      await echo("during");
      for (const conn of flood) conn.close();
      await logged(...failures);
      if (lines.some(({ event }) => event === "listening failed")) await logged("listening again");
      await echo("after");
      const response = await fetchTrusting(FIRST, url, { signal: AbortSignal.timeout(5_000) });
      assertEquals(await response.text(), "here");

      call.close();
      await closed.promise;
      process.kill("SIGTERM");
      await process.status;
      await reading;
    },
  });
}
