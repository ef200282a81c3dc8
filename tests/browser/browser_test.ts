import { launch, SKIPPED } from "./chromium.ts";
import { microphoneWav } from "./microphone.ts";
import { PHONE_STEPS } from "./phone_steps.ts";
import { VIEW_STEPS } from "./view_steps.ts";

if (SKIPPED) {
  console.log("tests/browser: left out, for there is no Chromium here (install it, or set CHROMIUM)");
}

// One browser for everything, since starting one takes long.
Deno.test({
  name: "the console in Chromium",
  ignore: SKIPPED,
  async fn(test) {
    const wav = await Deno.makeTempFile({ suffix: ".wav" });
    await Deno.writeFile(wav, microphoneWav());
    const browser = await launch(wav);
    try {
      for (const [name, step] of Object.entries({ ...PHONE_STEPS, ...VIEW_STEPS })) {
        await test.step(name, () => step(browser));
      }
    } finally {
      await browser.close();
      await Deno.remove(wav);
    }
  },
});
