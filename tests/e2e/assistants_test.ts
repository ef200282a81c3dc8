import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ScriptedModel } from "../support/scripted_model.ts";
import { field } from "../support/field.ts";
import { configOf, TestService } from "../support/service.ts";

const FILE = {
  default: "reception",
  assistants: {
    reception: { greeting: "Say hello to {{caller}}.", instructions: "You are the reception. {{" },
    night: { greeting: "", instructions: "You are the night desk.", answers: { from: ["+4930*"] } },
    polyglot: {
      greeting: "Say hello.",
      language: "en",
      languages: {
        en: { key: "1", offer: "For English, press one." },
        es: { key: "2", offer: "Para español, oprima dos.", voice: "cedar" },
      },
      answers: { to: ["+15550007777"] },
    },
  },
};

/** A service with these assistants, and its model. */
class AssistantsService implements AsyncDisposable {
  readonly model = new ScriptedModel();
  readonly service = new TestService(
    { OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: this.model.url },
    undefined,
    FILE,
  );

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
  }
}

Deno.test("Caller's number selects the assistant and its greeting", async () => {
  await using running = new AssistantsService();
  await running.service.post("/incoming-call", { CallSid: "CA1" });
  const reception = await running.model.session(0);
  assertEquals(field(await reception.configure(), "instructions"), "You are the reception. {{");
  const request = await reception.waitFor("response.create");
  assertStringIncludes(String(field(request, "response", "instructions")), "Say hello to +15551230000.");
  await running.service.post("/incoming-call", { CallSid: "CA2", From: "+4930123456" });
  assertEquals(
    field(await (await running.model.session(1)).configure(), "instructions"),
    "You are the night desk.",
  );
});

Deno.test("Languages with a key are offered before the assistant answers", async () => {
  await using running = new AssistantsService();
  const call = { CallSid: "CA1", To: "+15550007777" };
  const offer = await running.service.post("/incoming-call", call);
  assertMatch(
    offer,
    /<Gather input="dtmf" numDigits="1" timeout="4" action="[^"]*\/language-chosen" method="POST">/,
  );
  assertStringIncludes(offer, '<Say language="es-ES">Para español, oprima dos.</Say></Gather><Redirect');
  assertEquals(running.model.sessions, [], "no session is opened before the caller has chosen");
  const twiml = await running.service.post("/language-chosen", { ...call, Digits: "2" });
  assertStringIncludes(twiml, "<Connect");
  const session = await (await running.model.session()).configure();
  assertEquals(field(session, "audio", "output", "voice"), "cedar");
  assertMatch(String(field(session, "instructions")), /Speak Spanish\./);
});

Deno.test("First language is used when no valid key is pressed", async () => {
  await using running = new AssistantsService();
  for (const [i, Digits] of ["", "9"].entries()) {
    await running.service.post("/language-chosen", { CallSid: `CA${i}`, To: "+15550007777", Digits });
    const session = await (await running.model.session(i)).configure();
    assertMatch(String(field(session, "instructions")), /Speak English\./);
  }
});

Deno.test("Reloaded assistants answer the next call; a call in progress keeps its own", async () => {
  await using running = new AssistantsService();
  await running.service.post("/incoming-call", { CallSid: "CA1" });
  await (await running.model.session(0)).configure();
  const reloaded = { assistants: { robot: { greeting: "", instructions: "You are new." } } };
  await running.service.server.reload(configOf({}, reloaded).assistants);
  assertEquals((await running.service.logged("assistants reloaded")).assistants, "robot");
  await running.service.post("/incoming-call", { CallSid: "CA2" });
  assertEquals(field(await (await running.model.session(1)).configure(), "instructions"), "You are new.");
  const calls = await (await fetch(`${running.service.url}/api/calls`)).json();
  assertEquals(calls.calls.map(({ assistant }: { assistant: string }) => assistant), ["reception", "robot"]);
});
