/** `parley serve` as a process, from its own folder. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort } from "../support/free_port.ts";
import { parleyProcess } from "../support/parley_process.ts";
import { ChangeSignal } from "../support/wait_until.ts";

/** A service that runs in a folder of its own; its output, line by line. */
class ServeProcess implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();
  readonly port = freePort();
  readonly lines: string[] = [];
  readonly #changes = new ChangeSignal();
  #process: Deno.ChildProcess | undefined;
  #read = 0;
  #ended: Promise<unknown> = Promise.resolve();

  write(name: string, content: unknown): void {
    Deno.writeTextFileSync(
      `${this.folder}/${name}`,
      typeof content === "string" ? content : JSON.stringify(content),
    );
  }

  start(args: readonly string[], env: Record<string, string> = {}): void {
    const settings = { PORT: String(this.port), LOG_FORMAT: "json", ...env };
    const io = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    const process = this.#process = parleyProcess(args, this.folder, settings, io);
    this.#ended = Promise.all([this.#collect(process.stdout), this.#collect(process.stderr), process.status]);
  }

  /** Reads on to the next line that contains `text`. */
  async until(text: string): Promise<string> {
    return await this.#changes.until(`"${text}" in\n${this.lines.slice(this.#read).join("\n")}`, () => {
      while (this.#read < this.lines.length) {
        const line = this.lines[this.#read++];
        if (line?.includes(text)) return line;
      }
      return undefined;
    }, 60_000);
  }

  kill(signal: Deno.Signal): void {
    this.#process?.kill(signal);
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
      this.#changes.notify();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#ended;
    await Deno.remove(this.folder, { recursive: true });
  }
}

const assistants = (name: string) => ({ assistants: { [name]: {} } });

Deno.test("serve states its limits at the start", async () => {
  await using service = new ServeProcess();
  service.start(["serve"], { MAX_CALLS: "7", MAX_USD_PER_DAY: "12.5" });
  const limits: Record<string, unknown> = JSON.parse(await service.until('"event":"limits"'));
  const { time: _time, level, event: _event, ...fields } = limits;
  assertEquals(level, "info");
  assertEquals(fields, {
    calls: 7,
    seconds_per_call: "none",
    calls_per_caller_and_hour: "none",
    calls_per_number_and_day: "none",
    usd_per_day: 12.5,
    output_tokens: "none",
    truncation: "none",
  });
  await service.until('"event":"listening"');
});

Deno.test("serve --reloads applies a changed assistants file, and instructions that it names", async () => {
  await using service = new ServeProcess();
  service.write("a.jsonc", assistants("first"));
  service.start(["serve", "--reloads"], { ASSISTANTS_FILE: "a.jsonc" });
  await service.until('"event":"listening"');
  service.write("a.jsonc", { assistants: { second: { instructions: { file: "text.txt" } } } });
  assertStringIncludes(await service.until("assistants not reloaded"), "text.txt");
  service.write("text.txt", "You are Ann.");
  assertStringIncludes(await service.until("assistants reloaded"), "second");
  // As editors do it: a new file in the place of the old one.
  service.write("new", assistants("third"));
  Deno.renameSync(`${service.folder}/new`, `${service.folder}/a.jsonc`);
  assertStringIncludes(await service.until("assistants reloaded"), "third");
});

Deno.test("serve --reloads survives SIGHUP and reloads the assistants", async () => {
  await using service = new ServeProcess();
  service.write("a.jsonc", assistants("first"));
  service.start(["serve", "--reloads"], { ASSISTANTS_FILE: "a.jsonc" });
  await service.until('"event":"listening"');
  service.kill("SIGHUP");
  assertStringIncludes(await service.until("assistants reloaded"), "first");
});

Deno.test("serve hides the secrets of tools that are new after a reload in its log", async () => {
  await using service = new ServeProcess();
  const variables = (key: string) => ({
    assistants: { first: { variables: { url: `http://127.0.0.1:9/?key=${key}`, allowPrivate: true } } },
  });
  service.write("a.jsonc", variables("none"));
  service.start(["serve"], { ASSISTANTS_FILE: "a.jsonc", TOOL_KEY: "a-new-secret" });
  await service.until('"event":"listening"');
  const announced = async () => {
    const url =
      `http://127.0.0.1:${service.port}/incoming-call?CallSid=CA${service.lines.length}&From=a-new-secret`;
    await (await fetch(url)).body?.cancel();
    return await service.until('"call announced"');
  };
  assertStringIncludes(await announced(), '"from":"a-new-secret"');
  service.write("a.jsonc", variables("${TOOL_KEY}"));
  service.kill("SIGHUP");
  await service.until("assistants reloaded");
  assertStringIncludes(await announced(), '"from":"[secret]"');
});

Deno.test("serve --reloads starts again when .env changes, also after a mistake in it", async () => {
  await using service = new ServeProcess();
  service.start(["serve", "--reloads"]);
  await service.until('"event":"listening"');
  service.write(".env", "MAX_CALLS=many\n");
  await service.until("Waiting for a change of ");
  service.write(".env", "MAX_CALLS=3\n");
  assertStringIncludes(await service.until('"event":"limits"'), '"calls":3');
  await service.until('"event":"listening"');
  const response = await fetch(`http://127.0.0.1:${service.port}/healthz`);
  assertEquals(await response.json(), { status: "ok" });
});

Deno.test("serve names HOST when it cannot listen there", async () => {
  const folder = await Deno.makeTempDir();
  for (const HOST of ["192.0.2.1", "nosuch.invalid"]) {
    const process = parleyProcess(["serve"], folder, { HOST, LOG_LEVEL: "error" }, {
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    const { code, stderr } = await process.output();
    const text = new TextDecoder().decode(stderr);
    assertEquals(code, 1);
    assertStringIncludes(text, `- HOST: cannot listen on ${HOST}:5050: `);
    assertMatch(text, /; set HOST to an address of this machine, such as 127\.0\.0\.1 or 0\.0\.0\.0$/m);
    assert(!text.includes("os error"), text);
  }
  await Deno.remove(folder, { recursive: true });
});

// Deno's watcher, under which the task runs, would wait for changed files.
Deno.test("deno task dev ends after its help and after a wrong flag", async () => {
  for (const [flag, answer] of [["--help", "Usage: "], ["--reload", "unknown flag"]] as const) {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "-q", "dev", flag],
      cwd: new URL("../../", import.meta.url),
      signal: AbortSignal.timeout(60_000),
    }).output();
    const decoder = new TextDecoder();
    const text = decoder.decode(stdout) + decoder.decode(stderr);
    assertStringIncludes(text, answer);
    assert(!text.includes("Restarting on file change"), text);
  }
});
