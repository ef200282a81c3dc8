import { assertEquals, assertStringIncludes } from "@std/assert";
import { type ServiceConfig } from "../../src/app/service_config.ts";
import { load, names, problems, PRODUCTION } from "./support.ts";

function limitsOf(config: ServiceConfig) {
  const { MAX_CALLS, MAX_CALL_SECONDS, CALLS_PER_CALLER_AND_HOUR, MAX_USD_PER_DAY } = config;
  const { CALLS_PER_NUMBER_AND_DAY, MAX_OUTPUT_TOKENS, TRUNCATION } = config;
  const { callSeconds, dayUsd } = config.assistants.default.limits;
  return {
    settings: [
      MAX_CALLS,
      MAX_CALL_SECONDS,
      CALLS_PER_CALLER_AND_HOUR,
      CALLS_PER_NUMBER_AND_DAY,
      MAX_USD_PER_DAY,
    ],
    model: [MAX_OUTPUT_TOKENS, TRUNCATION],
    assistant: [callSeconds, dayUsd],
  };
}

const NONE = Array(5).fill(undefined);

Deno.test("loadConfig() limits calls and spending by default in production only", () => {
  assertEquals(limitsOf(load(PRODUCTION)), {
    settings: [10, 3_600, 20, 100, 50],
    model: [4_096, 0.8],
    assistant: [3_600, 50],
  });
  for (const APP_ENV of ["development", "staging"]) {
    assertEquals(limitsOf(load({ APP_ENV })), {
      settings: NONE,
      model: [undefined, undefined],
      assistant: [undefined, undefined],
    });
  }
});

Deno.test("loadConfig() removes a production limit only when it is set to none, and warns", () => {
  const limits = [
    "MAX_CALLS",
    "MAX_CALL_SECONDS",
    "CALLS_PER_CALLER_AND_HOUR",
    "CALLS_PER_NUMBER_AND_DAY",
    "MAX_USD_PER_DAY",
  ];
  const none = Object.fromEntries(
    [...limits, "MAX_OUTPUT_TOKENS", "TRUNCATION"].map((name) => [name, "none"]),
  );
  const config = load({ ...PRODUCTION, ...none });
  assertEquals(limitsOf(config), {
    settings: NONE,
    model: [undefined, undefined],
    assistant: [undefined, undefined],
  });
  assertEquals(names(config.warnings), [...limits, "MAX_OUTPUT_TOKENS"].toSorted(byOrderOf(config.warnings)));
  assertStringIncludes(config.warnings.join(), "MAX_CALLS: none");
  assertEquals(load({ ...PRODUCTION }).warnings, []);
  assertEquals(load({ MAX_CALLS: "none" }).warnings.filter((each) => each.startsWith("MAX_")), []);
  // An empty value counts as not set.
  assertEquals(load({ ...PRODUCTION, MAX_CALLS: "" }).MAX_CALLS, 10);
});

Deno.test("loadConfig() lets settings and assistants override the production limits", () => {
  const assistants = JSON.stringify({
    default: "a",
    assistants: { a: { limits: { dayUsd: 5, callSeconds: 60 } }, b: { limits: {} } },
  });
  const config = load({ ...PRODUCTION, MAX_USD_PER_DAY: "7.5", ASSISTANTS_FILE: "a.json" }, {
    "a.json": assistants,
  });
  assertEquals(config.assistants.assistants.map(({ limits }) => [limits.callSeconds, limits.dayUsd]), [
    [60, 5],
    [3_600, 7.5],
  ]);
});

// Other Realtime servers reject fields that they do not know.
Deno.test("loadConfig() sends other Realtime servers no token limit and no truncation by default", () => {
  const other = load({ ...PRODUCTION, OPENAI_REALTIME_URL: "wss://models.example.com/v1/realtime" });
  assertEquals(limitsOf(other).model, [undefined, undefined]);
  const chosen = load({
    ...PRODUCTION,
    OPENAI_REALTIME_URL: "wss://models.example.com/v1/realtime",
    MAX_OUTPUT_TOKENS: "500",
  });
  assertEquals(limitsOf(chosen).model, [500, undefined]);
});

Deno.test("loadConfig() lists none among the allowed values of a limit", () => {
  assertEquals(problems({ MAX_CALLS: "0", MAX_USD_PER_DAY: "-1", TRUNCATION: "2" }), [
    'TRUNCATION: found "2"; allowed: auto, disabled, a number from 0.1 to 1, or none',
    'MAX_CALLS: found "0"; allowed: a whole number from 1 to 100000, or none',
    'MAX_USD_PER_DAY: found "-1"; allowed: a number from 0.01 to 1000000, or none',
  ]);
});

/** Compares names by their order in the warnings. */
function byOrderOf(warnings: readonly string[]) {
  return (a: string, b: string) => names(warnings).indexOf(a) - names(warnings).indexOf(b);
}
