import { launch, SKIPPED } from "./chromium.ts";
import { LIVE_STEPS } from "./live_steps.ts";
import { microphoneWav } from "./microphone_wav.ts";
import { PHONE_STEPS } from "./phone_steps.ts";
import { RECORD_STEPS } from "./record_steps.ts";
import { VIEW_STEPS } from "./view_steps.ts";

const STEPS = { ...PHONE_STEPS, ...LIVE_STEPS, ...RECORD_STEPS, ...VIEW_STEPS };

if (SKIPPED) {
  console.log("tests/browser: skipped, Chromium was not found (install it, or set CHROMIUM)");
}

// One browser for all steps: starting one is slow.
Deno.test({
  name: "Console in Chromium",
  ignore: SKIPPED,
  async fn(test) {
    const wav = await Deno.makeTempFile({ suffix: ".wav" });
    await Deno.writeFile(wav, microphoneWav());
    const browser = await launch(wav);
    try {
      for (const [name, step] of Object.entries(STEPS)) {
        await test.step(name, () => step(browser));
      }
    } finally {
      await browser.close();
      await Deno.remove(wav);
    }
  },
});
