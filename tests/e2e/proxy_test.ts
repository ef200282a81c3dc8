/** A signed call through the proxies of deploy/, with their own files. A proxy that is not installed is passed over. */

import { assertEquals } from "@std/assert";
import { dial } from "../../src/model/web_socket/web_socket.ts";
import { rehearse } from "../../src/simulator/caller/rehearse.ts";
import { startRehearsalModel } from "../../src/simulator/model/server.ts";
import { Bell } from "../support/bell.ts";
import { FIRST, RenewedFiles } from "../support/certificates.ts";
import { TestService } from "../support/service.ts";

const TOKEN = "the-account-token";
const DEPLOY = new URL("../../deploy/", import.meta.url);

interface Setup {
  /** A folder of its own, with the certificate in it. */
  readonly files: RenewedFiles;
  /** Where the proxy is to listen, and one port more. */
  readonly port: number;
  readonly otherPort: number;
  /** Host and port of the service. */
  readonly upstream: string;
}

interface Proxy {
  readonly program: string;
  /** What it says once it listens. */
  readonly ready: string;
  /** Writes its files; its arguments. */
  configure(setup: Setup): readonly string[];
}

const caddy: Proxy = {
  program: "caddy",
  ready: "serving initial configuration",
  configure({ files, port, upstream }) {
    const site = replaced(readDeployed("Caddyfile"), [
      ["{$PARLEY_DOMAIN:phone.example.com}", `https://localhost:${port}`],
      ["{$PARLEY_UPSTREAM:127.0.0.1:5050}", upstream],
      ["\treverse_proxy", `\ttls ${files.certFile} ${files.keyFile}\n\treverse_proxy`],
    ]);
    // Nothing is listened on or written to but what the test gives.
    const only = `{\n\tadmin off\n\tauto_https off\n\tstorage file_system ${files.folder}\n}\n`;
    return ["run", "--adapter", "caddyfile", "--config", write(files, "Caddyfile", only + site)];
  },
};

const nginx: Proxy = {
  program: "nginx",
  ready: "start worker process",
  configure({ files, port, otherPort, upstream }) {
    const site = replaced(readDeployed("nginx.conf"), [
      ["listen 80;", `listen 127.0.0.1:${otherPort};`],
      ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
      ["/etc/letsencrypt/live/phone.example.com/fullchain.pem", files.certFile],
      ["/etc/letsencrypt/live/phone.example.com/privkey.pem", files.keyFile],
      ["phone.example.com", "localhost"],
      ["127.0.0.1:5050", upstream],
    ]);
    write(files, "site.conf", site);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${files.folder}/${name};`);
    const config = [
      "daemon off;",
      `pid ${files.folder}/nginx.pid;`,
      "error_log stderr notice;",
      "events {}",
      `http { access_log off; ${temporary.join(" ")} include ${files.folder}/site.conf; }`,
    ];
    return ["-e", "stderr", "-p", files.folder, "-c", write(files, "nginx.conf", config.join("\n"))];
  },
};

function readDeployed(name: string): string {
  return Deno.readTextFileSync(new URL(name, DEPLOY));
}

/** The text with each word replaced, which must have been there. */
function replaced(text: string, words: readonly [from: string, to: string][]): string {
  return words.reduce((done, [from, to]) => {
    if (!done.includes(from)) throw new Error(`deploy/ has no "${from}"`);
    return done.replaceAll(from, to);
  }, text);
}

function write({ folder }: RenewedFiles, name: string, text: string): string {
  Deno.writeTextFileSync(`${folder}/${name}`, text);
  return `${folder}/${name}`;
}

function freePorts(): [number, number] {
  using one = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return [one.addr.port, other.addr.port];
}

/** Runs a proxy until it is disposed of; in a home of its own, for it must not find anybody's settings. */
async function run({ program, ready, configure }: Proxy, setup: Setup): Promise<AsyncDisposable> {
  const env = { HOME: setup.files.folder, PATH: PATH.join(":") };
  const args = [...configure(setup)];
  const process = new Deno.Command(program, { args, env, clearEnv: true, stdout: "null", stderr: "piped" })
    .spawn();
  let said = "";
  let ended = false;
  const bell = new Bell();
  const reading = (async () => {
    for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
      said += text;
      bell.ring();
    }
    ended = true;
    bell.ring();
  })();
  const stop = async () => {
    if (!ended) process.kill("SIGTERM");
    await process.status;
    await reading;
  };
  await bell.until(`${program} to listen`, () => said.includes(ready) || ended);
  if (ended) {
    await stop();
    throw new Error(`${program} did not start: ${said}`);
  }
  return { [Symbol.asyncDispose]: stop };
}

const PATH = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin"];

function isInstalled({ program }: Proxy): boolean {
  return PATH.some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** Lets `fetch`, with which webhooks are asked, trust the test's authority for a while. */
function trustTestAuthority(): Disposable {
  const client = Deno.createHttpClient({ caCerts: [FIRST.root] });
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => real(input, { ...init, client });
  return {
    [Symbol.dispose]() {
      globalThis.fetch = real;
      client.close();
    },
  };
}

for (const proxy of [caddy, nginx]) {
  const ignore = !isInstalled(proxy);
  Deno.test({
    name: `a signed call through ${proxy.program}${ignore ? ": passed over, it is not installed" : ""}`,
    ignore,
    async fn() {
      using files = new RenewedFiles(FIRST);
      using _trust = trustTestAuthority();
      const [port, otherPort] = freePorts();
      const PUBLIC_URL = `https://localhost:${port}`;
      const model = startRehearsalModel();
      const env = {
        OPENAI_REALTIME_URL: model.url,
        TWILIO_AUTH_TOKEN: TOKEN,
        PUBLIC_URL,
        TRUSTED_PROXIES: "127.0.0.1",
      };
      {
        await using service = new TestService(env);
        await using _running = await run(proxy, {
          files,
          port,
          otherPort,
          upstream: new URL(service.url).host,
        });
        const call = await rehearse({
          baseUrl: PUBLIC_URL,
          authToken: TOKEN,
          maxSeconds: 10,
          open: (url, headers, handlers) => dial(url.href, { headers, handlers, caCerts: [FIRST.root] }),
        });
        assertEquals([call.completed, call.problem], [true, undefined]);
        assertEquals((await service.logged("call ended")).reason, "caller hung up");
      }
      await model.close();
    },
  });
}
