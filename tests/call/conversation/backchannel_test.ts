import { assertEquals } from "@std/assert";
import { backchannelSet, isBackchannel } from "../../../src/call/conversation/backchannel.ts";

const LIST = backchannelSet(["mhm", "Uh-huh", "ok", "okay", "ja", "sí", "I see", "はい", "mm"]);

Deno.test("isBackchannel() ignores case, accents, punctuation, hyphens and repetition", () => {
  for (
    const text of [
      "Mhm.",
      "mhm, MHM!",
      "Uh-huh",
      "uh huh, okay.",
      "Si",
      "Sí…",
      "I see. Ok",
      "はい。",
      "Mmmmm",
      "ja ja ja",
    ]
  ) {
    assertEquals([text, isBackchannel(text, LIST)], [text, true]);
  }
});

Deno.test("isBackchannel() is false for other words, parts of words and empty texts", () => {
  for (const text of ["ok but wait", "jaja no", "okra", "I", "see", "no", "", "…", "はいはい電話"]) {
    assertEquals([text, isBackchannel(text, LIST)], [text, false]);
  }
});
