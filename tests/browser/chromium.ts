import puppeteer, { type Browser, type BrowserContext, type Page } from "puppeteer-core";
import { microphoneWav } from "./microphone_wav.ts";
import { containsText, setLanguage, tap, TAP_WORKLET } from "./page_scripts.js";

/** Path of Chromium: `CHROMIUM`, or where Debian, Chrome's packages and macOS install it. */
export const CHROMIUM = [
  Deno.env.get("CHROMIUM"),
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => path !== undefined && isFile(path));

/** Without Chromium these tests are skipped, except in CI. */
const SKIPPED = CHROMIUM === undefined && Deno.env.get("CI") !== "true";

/** Timeout of waits in a page (ms); only a failing test waits this long. */
export const TIMEOUT_MS = 60_000;

const FLAGS = [
  // Chromium's sandbox does not work for root.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-quic",
  "--disable-dev-shm-usage",
];

/**
 * @param wav File the fake microphone plays repeatedly, from when a page opens it; without it there is no
 *   microphone.
 */
export async function launch(wav?: string): Promise<Browser> {
  if (CHROMIUM === undefined) {
    throw new Error("Chromium was not found: install it, or set CHROMIUM to its path");
  }
  const microphone = wav === undefined ? [] : [
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-audio-capture=${wav}`,
  ];
  return await puppeteer.launch({
    executablePath: CHROMIUM,
    headless: true,
    timeout: TIMEOUT_MS,
    args: [...FLAGS, ...microphone],
  });
}

/** Registers a test with these steps, which share one Chromium: starting one is slow. */
export function browserTest(
  name: string,
  steps: Readonly<Record<string, (browser: Browser) => Promise<void>>>,
): void {
  if (SKIPPED) {
    console.log(`${name}: skipped, Chromium was not found (install it, or set CHROMIUM)`);
  }
  Deno.test({
    name,
    ignore: SKIPPED,
    async fn(test) {
      const wav = await Deno.makeTempFile({ suffix: ".wav" });
      await Deno.writeFile(wav, microphoneWav());
      const browser = await launch(wav);
      try {
        for (const [step, run] of Object.entries(steps)) await test.step(step, () => run(browser));
      } finally {
        await browser.close();
        await Deno.remove(wav);
      }
    },
  });
}

/** A page, with its errors, requests to other hosts and policy violations. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly problems: string[];
}

export interface VisitOptions {
  /** The page's origin: `http://localhost:PORT`. */
  readonly origin: string;
  /** Whether the page may use the microphone. */
  readonly microphone?: boolean;
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly language?: "en" | "es";
  /** Scripts that run before the page's own. */
  readonly before?: readonly (() => void)[];
  /** Whether to record what it plays and sends, in `tapped`. */
  readonly tapped?: boolean;
}

/** Opens a page in a new browser profile. */
export async function visit(browser: Browser, options: VisitOptions): Promise<Visit> {
  const { origin, microphone = true, width = 1280, height = 900, dark = false, language = "en" } = options;
  const context = await browser.createBrowserContext();
  await context.overridePermissions(origin, microphone ? ["microphone"] : []);
  const page = await context.newPage();
  const problems: string[] = [];
  page.setDefaultTimeout(TIMEOUT_MS);
  // Other tests' pages may take the focus of the window, and with it the keys.
  await page.emulateFocusedPage(true);
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
  await page.evaluateOnNewDocument(setLanguage, language);
  for (const script of options.before ?? []) await page.evaluateOnNewDocument(script);
  if (options.tapped) await tapPage(page);
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol.startsWith("http")) problems.push(`requested ${url.href}`);
  });
  return {
    page,
    context,
    problems,
    async [Symbol.asyncDispose]() {
      await context.close();
    },
  };
}

/** Waits until the page has been painted: Chromium drops keys that arrive before. */
export async function waitForPaint(page: Page): Promise<void> {
  await page.evaluate(
    "new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))",
  );
}

/** Waits until the page shows `text`. */
export async function waitForText(page: Page, text: string, selector?: string): Promise<void> {
  try {
    await page.waitForFunction(containsText, { polling: 50 }, text, selector);
  } catch (error) {
    const now = await page.$eval("main", ({ textContent }) => textContent).catch(String);
    throw new Error(`waited for ${JSON.stringify(text)}; the page shows ${JSON.stringify(now)}`, {
      cause: error,
    });
  }
}

/** Signs in at a page that has been opened, on its sign-in form. */
export async function signIn(page: Page, token: string): Promise<void> {
  await page.waitForSelector("#token");
  await waitForPaint(page);
  await page.type("#token", token);
  await Promise.all([page.waitForNavigation(), page.locator(".sign-in form button").click()]);
}

/** Answers the page's requests for a call's live events with these. */
export async function sendLiveEvents(page: Page, events: readonly [name: string, data: unknown][]) {
  const body = events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join("");
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    if (!/\/calls\/.*\/events$/.test(request.url())) return void request.continue();
    return void request.respond({ contentType: "text/event-stream", body });
  });
}

async function tapPage(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(tap);
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    if (!request.url().endsWith("/console/tap_worklet.js")) return void request.continue();
    return void request.respond({ contentType: "text/javascript", body: TAP_WORKLET });
  });
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
