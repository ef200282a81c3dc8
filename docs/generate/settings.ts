/** Generates docs/settings.md and .env.example from src/config/settings.ts. */

import type { Setting } from "../../src/config/setting_types.ts";
import { SETTING_GROUPS, SETTINGS } from "../../src/config/settings.ts";
import { code, type Page, plain, table } from "./page.ts";

const INTRODUCTION = `# Settings

<!-- Generated from src/config/settings.ts by "deno task docs". -->

Parley reads its settings from environment variables, then from \`.env.$APP_ENV\` (such as \`.env.production\`),
then from \`.env\`; the first of these that contains a setting applies. If the current directory has none of these files, the compiled
program reads those in \`/etc/parley\`. Relative paths in a file are relative to its folder. An empty value means "not set", except where the
description gives a meaning to it. [.env.example](../.env.example) lists all settings with their defaults.

A **secret** may also be given as a file: \`OPENAI_API_KEY_FILE=/run/secrets/openai_api_key\`. The values of secrets appear
neither in the log nor in error messages.

An invalid value prevents the start; all problems are reported at once, with the values allowed. With
\`APP_ENV=production\`, problems that are warnings in other environments also prevent the start, and limits have
defaults; the value \`none\` removes a limit. \`parley check --print-config\` prints the settings in force and where each comes from.`;

export const settingsPage: Page = {
  path: "docs/settings.md",
  render: () =>
    [
      INTRODUCTION,
      ...settingGroups().map(([title, settings]) =>
        `## ${title}\n\n${
          table(
            ["setting", "default", "allowed", "description"],
            settings.map(([name, setting]) => [
              code(name),
              setting.productionDefault === undefined
                ? code(defaultOf(setting) ?? "")
                : `${code(setting.productionDefault)} in production`,
              plain(allowedValues(setting)),
              plain(setting.description) + (setting.secret ? " **Secret.**" : ""),
            ]),
          )
        }`
      ),
    ].join("\n\n"),
};

export const envExample: Page = {
  path: ".env.example",
  render: () =>
    [
      `# Copy this file to .env and fill in what you need. Commented lines show the defaults.
# docs/settings.md describes the allowed values. Values need no quotes.
# Generated from src/config/settings.ts by "deno task docs".`,
      ...settingGroups().flatMap(([title, settings]) => [
        `# ---- ${title} ----`,
        ...settings.map(([name, setting]) => {
          const value = defaultOf(setting);
          const { description, productionDefault } = setting;
          const inProduction = productionDefault === undefined
            ? ""
            : ` Default in production: ${productionDefault}.`;
          return `# ${description}${inProduction}\n${
            value === undefined ? `${name}=` : `# ${name}=${value}`
          }`;
        }),
      ]),
    ].join("\n\n") + "\n",
};

/** The settings below each heading. */
function settingGroups(): [title: string, settings: [name: string, setting: Setting][]][] {
  const all = Object.entries<Setting>(SETTINGS);
  const starts = SETTING_GROUPS.map(([, first]) => all.findIndex(([name]) => name === first));
  return SETTING_GROUPS.map(([title], i) => [title, all.slice(starts[i], starts[i + 1])]);
}

/** The default as it would be written in a file; undefined if there is none. */
export function defaultOf({ schema }: Setting): string | undefined {
  const { data } = schema.safeParse(undefined);
  return data === undefined ? undefined : String(data);
}

/** Values that no restricted setting accepts: a string with a separator, and a very long one. */
const INVALID = ["+ x,", "x".repeat(1_000)];

/** The allowed values from the schema's own error message, so that this page and the errors agree. */
export function allowedValues({ schema }: Setting): string {
  for (const value of INVALID) {
    const { error } = schema.safeParse(value);
    const [, allowed] = /^allowed: ([^;]+)/.exec(error?.issues[0]?.message ?? "") ?? [];
    if (allowed !== undefined) return allowed;
  }
  return "any text";
}
