import { assertEquals } from "@std/assert";
import { isObject, type JsonObject, parseObject } from "../../../src/json.ts";
import { dial } from "../../../src/model/web_socket/web_socket.ts";
import { Bell } from "../../support/bell.ts";
import { FIRST, RenewedFiles } from "../../support/certificates.ts";

const PROGRAM = new URL("./flooded_listener.ts", import.meta.url).href;
/** Descriptors the program may have. */
const LIMIT = 120;

for (const secure of [false, true]) {
  Deno.test({
    name: `a flood that takes every descriptor cuts no call, and is got over (${secure ? "TLS" : "plain"})`,
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
      const bell = new Bell();
      const reading = (async () => {
        let rest = "";
        for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
          const whole = (rest + text).split("\n");
          rest = whole.pop() ?? "";
          lines.push(...whole.map(parseObject).filter(isObject));
          bell.ring();
        }
      })();
      const logged = (...events: string[]) =>
        bell.until(events.join(" or "), () => lines.find(({ event }) => events.includes(String(event))));
      const url = String((await logged("listening")).url);

      const got: string[] = [];
      const closed = Promise.withResolvers<void>();
      const call = await dial(url.replace("http", "ws"), {
        caCerts: [FIRST.root],
        handlers: {
          onMessage(text) {
            got.push(text);
            bell.ring();
          },
          onClose: () => closed.resolve(),
        },
      });
      const say = async (text: string) => {
        call.send(text);
        await bell.until(`"${text}" to come back`, () => got.includes(text));
      };

      const { hostname, port } = new URL(url);
      const failures = ["listening failed", "connection not accepted"];
      const flood: Deno.Conn[] = [];
      // Deno 2.6 says why it accepts no more only when there are descriptors again, but closes what waits at once.
      let closedOne = false;
      const watch = (conn: Deno.Conn) => {
        flood.push(conn);
        conn.read(new Uint8Array(1)).catch(() => null).then(() => {
          closedOne = true;
          bell.ring();
        });
      };
      for (let count = 0; count < LIMIT; count++) {
        await Deno.connect({ hostname, port: Number(port) }).then(watch, () => closedOne = true);
      }
      await bell.until(
        "the flood to show",
        () => closedOne || lines.some(({ event }) => failures.includes(String(event))),
      );
      await say("during");
      for (const conn of flood) conn.close();
      await logged(...failures);
      if (lines.some(({ event }) => event === "listening failed")) await logged("listening again");
      await say("after");
      using client = Deno.createHttpClient({ caCerts: [FIRST.root], poolMaxIdlePerHost: 0 });
      assertEquals(await (await fetch(url, { client, signal: AbortSignal.timeout(5_000) })).text(), "here");

      call.close();
      await closed.promise;
      process.kill("SIGTERM");
      await process.status;
      await reading;
    },
  });
}
