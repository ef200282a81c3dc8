/** A signed call through the proxies of deploy/, with the configuration files there. Skips a proxy that is not installed. */

import { assertEquals } from "@std/assert";
import { connectWebSocket } from "../../src/model/web_socket/web_socket.ts";
import { rehearse } from "../../src/simulator/caller/rehearse.ts";
import { startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import { speechLike } from "../simulator/model/support.ts";
import { ChangeSignal } from "../support/wait_until.ts";
import { FIRST, RenewedFiles } from "../support/certificates.ts";
import { TestService } from "../support/service.ts";

const TOKEN = "the-account-token";
const DEPLOY = new URL("../../deploy/", import.meta.url);

interface Setup {
  /** Folder for the proxy's files, with the certificate. */
  readonly files: RenewedFiles;
  /** Port of HTTPS, and a free port for HTTP. */
  readonly port: number;
  readonly otherPort: number;
  /** Host and port of the service. */
  readonly upstream: string;
}

interface Proxy {
  readonly program: string;
  /** Text it prints once it listens. */
  readonly ready: string;
  /** Writes its configuration; returns its arguments. */
  configure(setup: Setup): readonly string[];
}

const caddy: Proxy = {
  program: "caddy",
  ready: "serving initial configuration",
  configure({ files, port, upstream }) {
    const site = replaceAllOf(readDeployed("Caddyfile"), [
      ["{$PARLEY_DOMAIN:phone.example.com}", `https://localhost:${port}`],
      ["{$PARLEY_UPSTREAM:127.0.0.1:5050}", upstream],
      ["\treverse_proxy", `\ttls ${files.certFile} ${files.keyFile}\n\treverse_proxy`],
    ]);
    // Keeps Caddy from opening other ports and writing to other folders.
    const globalOptions = `{\n\tadmin off\n\tauto_https off\n\tstorage file_system ${files.folder}\n}\n`;
    return ["run", "--adapter", "caddyfile", "--config", write(files, "Caddyfile", globalOptions + site)];
  },
};

const nginx: Proxy = {
  program: "nginx",
  ready: "start worker process",
  configure({ files, port, otherPort, upstream }) {
    const site = replaceAllOf(readDeployed("nginx.conf"), [
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

/** Replaces each text. @throws when one is missing, so that a changed file in deploy/ fails the test. */
function replaceAllOf(text: string, replacements: readonly [from: string, to: string][]): string {
  return replacements.reduce((done, [from, to]) => {
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

/** Runs a proxy until disposed. Its home is the test's folder, so that it finds no user settings. */
async function run({ program, ready, configure }: Proxy, setup: Setup): Promise<AsyncDisposable> {
  const env = { HOME: setup.files.folder, PATH: PATH.join(":") };
  const args = [...configure(setup)];
  const process = new Deno.Command(program, { args, env, clearEnv: true, stdout: "null", stderr: "piped" })
    .spawn();
  let output = "";
  let ended = false;
  const changes = new ChangeSignal();
  const reading = (async () => {
    for await (const text of process.stderr.pipeThrough(new TextDecoderStream())) {
      output += text;
      changes.notify();
    }
    ended = true;
    changes.notify();
  })();
  const stop = async () => {
    if (!ended) process.kill("SIGTERM");
    await process.status;
    await reading;
  };
  await changes.until(`${program} to listen`, () => output.includes(ready) || ended);
  if (ended) {
    await stop();
    throw new Error(`${program} did not start: ${output}`);
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

/** Makes `fetch`, which posts the webhooks, trust the test's certificate authority until disposed. */
function trustTestAuthority(): Disposable {
  const client = Deno.createHttpClient({ caCerts: [FIRST.root] });
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const options: RequestInit & { client: Deno.HttpClient } = { ...init, client };
    return real(input, options);
  };
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
    name: `Signed call completes through ${proxy.program}${ignore ? " (not installed)" : ""}`,
    ignore,
    async fn() {
      using files = new RenewedFiles(FIRST);
      using _trust = trustTestAuthority();
      const [port, otherPort] = freePorts();
      const PUBLIC_URL = `https://localhost:${port}`;
      const model = startSimulatedModel();
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
          speech: speechLike(600),
          open: (url, headers, handlers) =>
            connectWebSocket(url.href, { headers, handlers, caCerts: [FIRST.root] }),
        });
        assertEquals([call.completed, call.problem], [true, undefined]);
        assertEquals((await service.logged("call ended")).end_reason, "caller hung up");
        // Also on a refusal.
        for (const path of ["/healthz", "/nothing-here"]) {
          const response = await fetch(PUBLIC_URL + path);
          await response.body?.cancel();
          assertEquals(response.headers.get("strict-transport-security"), "max-age=31536000", path);
        }
      }
      await model.close();
    },
  });
}
