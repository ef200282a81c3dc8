/**
 * Generates the reference pages from the code: `deno task docs`. tests/docs_test.ts fails while a page is
 * stale.
 *
 * To add a page, export a {@linkcode Page} from a file of this folder and list it here.
 */

import { apiPage, openApiPage } from "./api.ts";
import { assistantsPage, assistantsSchema } from "./assistants.ts";
import { audioResponse } from "./audio_response.ts";
import { cliPage } from "./cli.ts";
import { metricsPage } from "./metrics.ts";
import { type Page, renderPage, ROOT } from "./page.ts";
import { envExample, settingsPage } from "./settings.ts";

export const PAGES: readonly Page[] = [
  settingsPage,
  envExample,
  assistantsPage,
  assistantsSchema,
  openApiPage,
  apiPage,
  cliPage,
  metricsPage,
  audioResponse,
];

if (import.meta.main) {
  for (const page of PAGES) {
    await Deno.writeTextFile(new URL(page.path, ROOT), await renderPage(page));
    console.log(page.path);
  }
}
