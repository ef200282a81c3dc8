import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { configOf } from "../support/service.ts";

const KEY = "sk-second-4711";

function fallbacksOf(list: unknown) {
  return configOf({ MODEL_FALLBACKS: typeof list === "string" ? list : JSON.stringify(list) });
}

Deno.test("MODEL_FALLBACKS lists model servers in order, and its keys are secrets", () => {
  const config = fallbacksOf([{ url: "wss://a.example/v1", apiKey: KEY, model: "m" }, {
    url: "ws://b.example",
  }]);
  assertEquals(config.MODEL_FALLBACKS?.map(({ url, model, dialect }) => [url, model, dialect]), [
    ["wss://a.example/v1", "m", "auto"],
    ["ws://b.example", undefined, "auto"],
  ]);
  assertEquals(config.secrets.includes(KEY), true);
});

Deno.test("MODEL_FALLBACKS with a bad URL is named with its position and without its key", () => {
  const bad = [{ url: "wss://a.example" }, { url: "https://b.example", apiKey: KEY }];
  const { message } = assertThrows(() => fallbacksOf(bad), Error);
  assertStringIncludes(message, "check url of entry 2");
  assertEquals([message.includes(KEY), message.includes("b.example")], [false, false]);
});

Deno.test("MODEL_FALLBACKS must be a JSON list of known fields", () => {
  for (
    const text of ["wss://a.example", '{"url":"wss://a.example"}', '[{"url":"wss://a.example","key":"k"}]']
  ) {
    const { message } = assertThrows(() => fallbacksOf(text), Error);
    assertStringIncludes(
      message,
      "MODEL_FALLBACKS: invalid value (not shown: it is a secret); allowed: a JSON list",
    );
  }
});

Deno.test("MODEL_FALLBACKS with a dialect that this version does not know is refused with its position", () => {
  const list = [{ url: "wss://a.example", dialect: "ga" }, {
    url: "wss://b.example",
    apiKey: KEY,
    dialect: "live",
  }];
  const { message } = assertThrows(() => fallbacksOf(list), Error);
  assertStringIncludes(
    message,
    "entry 2 has a dialect that this version does not know; use auto or ga, or remove the field",
  );
  assertEquals(message.includes(KEY), false);
});
