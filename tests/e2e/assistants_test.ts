import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ScriptedModel } from "../support/scripted_model.ts";
import { field } from "../support/line.ts";
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

/** A service with these assistants, and the model they speak with. */
class Phones implements AsyncDisposable {
  readonly model = new ScriptedModel();
  readonly service = new TestService(
    { OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: this.model.url },
    undefined,
    FILE,
  );

  async ask(path: string, form: Record<string, string>): Promise<string> {
    const body = new URLSearchParams({ From: "+15551230000", To: "+15559870000", ...form });
    return await (await fetch(this.service.url + path, { method: "POST", body })).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
  }
}

Deno.test("who calls decides who answers, and each greets in its own way", async () => {
  await using phones = new Phones();
  await phones.ask("/incoming-call", { CallSid: "CA1" });
  const reception = await phones.model.session(0);
  assertEquals(field(await reception.configure(), "instructions"), "You are the reception. {{");
  const asked = await reception.waitFor("response.create");
  assertStringIncludes(String(field(asked, "response", "instructions")), "Say hello to +15551230000.");
  await phones.ask("/incoming-call", { CallSid: "CA2", From: "+4930123456" });
  assertEquals(
    field(await (await phones.model.session(1)).configure(), "instructions"),
    "You are the night desk.",
  );
});

Deno.test("languages with a key are offered before the assistant, each in its own tongue", async () => {
  await using phones = new Phones();
  const call = { CallSid: "CA1", To: "+15550007777" };
  const offer = await phones.ask("/incoming-call", call);
  assertMatch(
    offer,
    /<Gather input="dtmf" numDigits="1" timeout="4" action="[^"]*\/language-chosen" method="POST">/,
  );
  assertStringIncludes(offer, '<Say language="es">Para español, oprima dos.</Say></Gather><Redirect');
  assertEquals(phones.model.sessions, [], "nobody is dialled before the caller has chosen");
  const twiml = await phones.ask("/language-chosen", { ...call, Digits: "2" });
  assertStringIncludes(twiml, "<Connect");
  const session = await (await phones.model.session()).configure();
  assertEquals(field(session, "audio", "output", "voice"), "cedar");
  assertMatch(String(field(session, "instructions")), /Speak Spanish\./);
});

Deno.test("who chooses no language gets the first one", async () => {
  await using phones = new Phones();
  for (const [i, Digits] of ["", "9"].entries()) {
    await phones.ask("/language-chosen", { CallSid: `CA${i}`, To: "+15550007777", Digits });
    const session = await (await phones.model.session(i)).configure();
    assertMatch(String(field(session, "instructions")), /Speak English\./);
  }
});

Deno.test("assistants that are read again answer the next call; a call in progress keeps its own", async () => {
  await using phones = new Phones();
  await phones.ask("/incoming-call", { CallSid: "CA1" });
  await (await phones.model.session(0)).configure();
  const renewed = { assistants: { robot: { greeting: "", instructions: "You are new." } } };
  await phones.service.server.reload(configOf({}, renewed).assistants);
  assertEquals((await phones.service.logged("assistants reloaded")).assistants, "robot");
  await phones.ask("/incoming-call", { CallSid: "CA2" });
  assertEquals(field(await (await phones.model.session(1)).configure(), "instructions"), "You are new.");
  const calls = await (await fetch(`${phones.service.url}/api/calls`)).json();
  assertEquals(calls.calls.map(({ assistant }: { assistant: string }) => assistant), ["reception", "robot"]);
});
