import { assert, assertEquals } from "@std/assert";
import { nearest, slips } from "../../src/config/misspelt.ts";

const KNOWN = ["MAX_CALLS", "MAX_CALL_SECONDS", "OPENAI_MODEL", "PORT", "OPENAI_API_KEY"];

Deno.test("nearest() finds the name meant: two letters off in long names, none in short ones", () => {
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
  for (const [name, meant] of cases) assertEquals(nearest(name, KNOWN), meant, name);
});

Deno.test("nearest() takes the nearest of several", () => {
  assertEquals(nearest("TWILIO_AUTH_TOKEM", ["TWILIO_OUTH_TOKEN", "TWILIO_AUTH_TOKEN"]), "TWILIO_AUTH_TOKEN");
});

Deno.test("slips() are the names one slip away, and never the name itself", () => {
  const wrong = slips("PORT_X");
  for (const slip of ["port_x", "PORT_XS", "PORTX", "ORT_X", "OPRT_X", "PORT_"]) {
    assert(wrong.includes(slip), slip);
  }
  assertEquals([wrong.includes("PORT_X"), slips("AAB").includes("AAB")], [false, false]);
});
