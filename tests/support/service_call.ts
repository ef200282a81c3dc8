import type { FakeClock } from "./fake_clock.ts";
import { ScriptedModel, type ScriptedSession } from "./scripted_model.ts";
import { TestService } from "./service.ts";
import { StreamClient } from "./stream_client.ts";

/** The call that {@linkcode connect} places. */
export const CALL_SID = "CA00000000000000000000000000000001";

/** One call whose caller and model a test controls. */
export interface ServiceCall extends AsyncDisposable {
  token: string;
  model: ScriptedModel;
  service: TestService;
  session: ScriptedSession;
  stream: StreamClient;
}

/** Places call {@linkcode CALL_SID}: announced, session configured, stream started. No greeting unless `env` has one. */
export async function connect(
  env: Record<string, string> = {},
  clock?: FakeClock,
  assistants?: unknown,
): Promise<ServiceCall> {
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
  const token = await service.announce(CALL_SID);
  const session = await model.session();
  await session.configure();
  await service.logged("session ready");
  const stream = new StreamClient(service.streamUrl);
  await stream.start(CALL_SID, { token, from: "+15551230000" });
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
