import { assert, assertEquals } from "@std/assert";
import { likelyTypos, nearestName } from "../src/nearest_name.ts";

const KNOWN = ["MAX_CALLS", "MAX_CALL_SECONDS", "OPENAI_MODEL", "PORT", "OPENAI_API_KEY"];

Deno.test("nearestName() allows two differing letters in long names, none in short ones", () => {
  const cases: [name: string, meant: string | undefined][] = [
    ["OPENAI_MODLE", "OPENAI_MODEL"],
    ["OPENAI_MDL", "OPENAI_MODEL"],
    ["OPENAI_MD", undefined],
    ["openai_api_key", "OPENAI_API_KEY"],
    ["O_PENAI_A_PIKEY", "OPENAI_API_KEY"],
    ["port", "PORT"],
    ["SPORT", undefined],
    ["POT", undefined],
  ];
  for (const [name, meant] of cases) assertEquals(nearestName(name, KNOWN), meant, name);
});

Deno.test("nearestName() returns the nearest of several names", () => {
  assertEquals(
    nearestName("TWILIO_AUTH_TOKEM", ["TWILIO_OUTH_TOKEN", "TWILIO_AUTH_TOKEN"]),
    "TWILIO_AUTH_TOKEN",
  );
});

Deno.test("likelyTypos() lists names with one mistake, and never the name itself", () => {
  const wrong = likelyTypos("PORT_X");
  for (const slip of ["port_x", "PORT_XS", "PORTX", "ORT_X", "OPRT_X", "PORT_"]) {
    assert(wrong.includes(slip), slip);
  }
  assertEquals([wrong.includes("PORT_X"), likelyTypos("AAB").includes("AAB")], [false, false]);
});
