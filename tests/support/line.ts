import { isObject, type JsonObject, parseObject } from "../../src/json.ts";
import type { FakeClock } from "./fake_clock.ts";
import { ScriptedModel, type ScriptedSession } from "./scripted_model.ts";
import { TestService } from "./service.ts";
import { StreamClient } from "./stream_client.ts";

/** The call that {@linkcode connect} places. */
export const CALL = "CA00000000000000000000000000000001";

/** One call, with both ends in a test's hands. */
export interface Line extends AsyncDisposable {
  token: string;
  model: ScriptedModel;
  service: TestService;
  session: ScriptedSession;
  stream: StreamClient;
}

/** A call in progress: announced, model configured, stream started. */
export async function connect(
  env: Record<string, string> = {},
  clock?: FakeClock,
  assistants?: unknown,
): Promise<Line> {
  const model = new ScriptedModel();
  const service = new TestService(
    {
      OPENAI_API_KEY: "sk-test-secret",
      OPENAI_REALTIME_URL: model.url,
      GREETING: "",
      ...env,
    },
    clock,
    assistants,
  );
  const token = await service.announce(CALL);
  const session = await model.session();
  await session.configure();
  await service.logged("session ready");
  const stream = new StreamClient(service.streamUrl);
  await stream.start(CALL, { token, from: "+15551230000" });
  await service.logged("stream started");
  return {
    token,
    model,
    service,
    session,
    stream,
    async [Symbol.asyncDispose]() {
      await stream[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
    },
  };
}

/** One answer of the model that speaks so long (ms), or not at all, and calls a function. */
export function answerWithCall(
  { session }: Pick<Line, "session">,
  id: string,
  name: string,
  { speech = 0, args = {} as unknown } = {},
): void {
  session.send({ type: "response.created", response: { id, status: "in_progress" } });
  if (speech > 0) session.speak(id, `${id}-item`, speech);
  const item = {
    id: `${id}-call`,
    type: "function_call",
    call_id: `call-${id}`,
    name,
    arguments: typeof args === "string" ? args : JSON.stringify(args),
    status: "completed",
  };
  session.send({ type: "response.output_item.done", response_id: id, output_index: 1, item });
  session.done(id);
}

/** What the model was told a function it called came to: the `count`th of all. */
export async function outputOf({ session }: Pick<Line, "session">, count = 1): Promise<JsonObject> {
  for (;;) {
    const items = session.of("conversation.item.create");
    const outputs = items.filter((event) => field(event, "item", "type") === "function_call_output");
    const output = outputs[count - 1];
    if (output) return parseObject(String(field(output, "item", "output"))) ?? {};
    await session.waitFor("conversation.item.create", items.length + 1);
  }
}

/** Milliseconds of audio a stream has been sent. */
export function sentMs(stream: StreamClient): number {
  const payloads = stream.of("media").map((media) =>
    Uint8Array.fromBase64(String(field(media, "media", "payload")))
  );
  return payloads.reduce((sum, { length }) => sum + length, 0) / 8;
}

/** The mark that follows so much audio, be it sent in one piece or in several. */
export async function markAfter(stream: StreamClient, ms: number): Promise<string> {
  while (sentMs(stream) < ms) await stream.waitFor("media", stream.of("media").length + 1);
  return String(field(await stream.waitFor("mark", stream.of("media").length), "mark", "name"));
}

/** What lies at a path in an event. */
export function field(event: JsonObject | undefined, ...path: string[]): unknown {
  return path.reduce<unknown>((value, name) => isObject(value) ? value[name] : undefined, event);
}
