import { assert } from "@std/assert";
import { drawResponse } from "../../bench/draw_response.ts";

Deno.test("the picture in docs/audio.md is drawn from the coefficients in use", async () => {
  const committed = await Deno.readTextFile(new URL("../../docs/audio-response.svg", import.meta.url));
  // Not assertEquals, whose message would be the picture twice.
  assert(
    committed === drawResponse(),
    "Cannot take docs/audio-response.svg for the filter's response: draw it again with bench/draw_response.ts",
  );
});
