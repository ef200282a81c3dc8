/** `parley serve` on a file system without space: calls must be served all the same. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { field } from "../support/field.ts";
import { freePort } from "../support/free_port.ts";
import { parleyProcess } from "../support/parley_process.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { tokenIn } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";
import { ChangeSignal } from "../support/wait_until.ts";
import { WebhookReceiver } from "../support/webhook_receiver.ts";

/** Whether this user may mount a file system of its own: Linux with user namespaces. */
const canMount = await new Deno.Command("unshare", { args: ["-rm", "true"], stderr: "null" }).output()
  .then(({ success }) => success, () => false);

/** A service whose `DATA_DIR` lies on a file system of its own. */
class ServiceOnDisk implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();
  readonly port = freePort();
  readonly #process: Deno.ChildProcess;
  readonly #changes = new ChangeSignal();
  readonly #reading: Promise<void>;
  #text = "";

  /**
   * @param mountOptions Of the tmpfs, such as its size.
   * @param prepare Shell commands that run in its root before the service starts.
   */
  constructor(mountOptions: string, prepare: string, env: Record<string, string> = {}, assistants?: unknown) {
    const script = `mount -t tmpfs -o ${mountOptions} none disk && (cd disk && ${prepare}) && exec "$@"`;
    Deno.mkdirSync(`${this.folder}/disk`);
    if (assistants) Deno.writeTextFileSync(`${this.folder}/assistants.jsonc`, JSON.stringify(assistants));
    const file = assistants ? { ASSISTANTS_FILE: "assistants.jsonc" } : {};
    this.#process = parleyProcess(
      ["serve"],
      this.folder,
      { PORT: `${this.port}`, LOG_FORMAT: "json", DATA_DIR: "disk/data", ...file, ...env },
      { stdin: "null", stdout: "piped", stderr: "null" },
      ["unshare", "-rm", "sh", "-c", script, "sh"],
    );
    this.#reading = this.#process.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write: (text) => {
          this.#text += text;
          this.#changes.notify();
        },
      }),
    );
  }

  /** Waits until the service listens; returns its log so far. */
  async listening(): Promise<string> {
    await Promise.race([
      this.#changes.until("the service to listen", () => this.#text.includes('"listening"'), 30_000),
      this.#reading,
    ]);
    assertStringIncludes(this.#text, '"listening"');
    return this.#text;
  }

  /** Announces a call; returns the TwiML. */
  async announce(callSid: string): Promise<string> {
    const query = new URLSearchParams({ CallSid: callSid, From: "+15551230000", To: "+15559870000" });
    const response = await fetch(`http://127.0.0.1:${this.port}/incoming-call?${query}`);
    assertEquals(response.status, 200);
    return await response.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await Promise.all([this.#reading, this.#process.status]);
    await Deno.remove(this.folder, { recursive: true });
  }
}

const FILLED = ["size=4k", "echo > fill"] as const;
const CASES: [name: string, mountOptions: string, prepare: string, warning: string][] = [
  ["its folder cannot be created", "nr_inodes=1", "true", "call database not open"],
  ["its folder exists, but no file can be created", "nr_inodes=2", "mkdir data", "call database not open"],
  ["a file can be created, but not filled", ...FILLED, "call database not open"],
];

for (const [name, mountOptions, prepare, warning] of CASES) {
  Deno.test({
    name: `serve answers calls on a full disk, with a warning: ${name}`,
    ignore: !canMount,
    async fn() {
      await using service = new ServiceOnDisk(mountOptions, prepare);
      assertStringIncludes(await service.listening(), warning);
      assertStringIncludes(await service.announce("CA1"), "<Connect");
    },
  });
}

Deno.test({
  name: "take_message on a full disk tells the model that the message is in memory, and delivers it",
  ignore: !canMount,
  async fn() {
    await using operator = new WebhookReceiver();
    await using model = new ScriptedModel();
    await using service = new ServiceOnDisk(...FILLED, {
      OPENAI_API_KEY: "sk-test-secret",
      OPENAI_REALTIME_URL: model.url,
      WEBHOOK_SECRET: "a secret of 24 characters",
    }, {
      afterCall: { url: operator.url, allowPrivate: true },
      assistants: { a: { greeting: "", tools: ["take_message"] } },
    });
    await service.listening();
    const token = tokenIn(await service.announce("CA1"));
    const session = await model.session();
    await session.configure();
    await using stream = new StreamClient(`ws://127.0.0.1:${service.port}/media-stream`);
    await stream.start("CA1", { token, from: "+15551230000" });
    session.callFunction("r1", "take_message", { args: { name: "Ann", number: "1", message: "Call back" } });
    assertEquals(await session.functionOutput(), {
      saved: true,
      note: "The message could not be written to disk: it is in memory, and is delivered from there.",
    });
    const { body } = await operator.request();
    assertEquals([body?.type, field(body, "data", "message")], ["message.taken", "Call back"]);
    stream.stop();
    const { body: ended } = await operator.request(2);
    assertEquals(ended?.type, "call.ended");
    const message = { kind: "message", name: "Ann", number: "1", message: "Call back", urgent: false };
    assertEquals(field(ended, "data", "messages"), [message], "it is in the call's record, too");
  },
});
