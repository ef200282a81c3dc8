import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import deno from "../../deno.json" with { type: "json" };
import mirror from "../../.mirror/import_map.json" with { type: "json" };
import { loadConfig } from "../../src/config/config.ts";
import { type Setting, SETTINGS } from "../../src/config/settings.ts";
import { CALLS_USAGE } from "../../src/cli/calls_arguments.ts";
import { CALL_USAGE } from "../../src/cli/call_command.ts";
import { CHECK_USAGE } from "../../src/cli/check_command.ts";
import { REHEARSE_USAGE } from "../../src/cli/rehearse_command.ts";

const ROOT = new URL("../..", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const README = read("README.md");
const EXAMPLE = read(".env.example");
/** One text in English and in Spanish: neither may say what the other does not. */
const READMES = ["README.md", "docs/README.es.md"];

interface Documented {
  readonly name: string;
  readonly about: string;
  /** As it would be written in a file; undefined where there is none. */
  readonly byDefault: string | undefined;
  readonly secret: boolean;
}

const documented: Documented[] = Object.entries<Setting>(SETTINGS).map(
  ([name, { about, schema, secret }]) => {
    const { data } = schema.safeParse(undefined);
    return { name, about, byDefault: data === undefined ? undefined : String(data), secret: secret === true };
  },
);

Deno.test(".env.example lists every setting as SETTINGS tells it", () => {
  const expected = documented.map(({ name, about, byDefault }) =>
    `# ${about}\n${byDefault === undefined ? `${name}=` : `# ${name}=${byDefault}`}\n`
  );
  const [, ...settings] = EXAMPLE.split("\n\n");
  assertEquals(settings.join("\n\n"), expected.join("\n"));
});

Deno.test(".env.example changes nothing, copied as it is or with its defaults uncommented", () => {
  const configFrom = (file: string) =>
    loadConfig({ env: () => undefined, readFile: (path) => path === ".env" ? file : undefined });
  const untouched = configFrom("");
  assertEquals(configFrom(EXAMPLE), untouched);
  assertEquals(configFrom(EXAMPLE.replaceAll(/^# (?=[A-Z_]+=)/gm, "")), untouched);
});

const BLOCK = /^( *)```.*\n([^]*?)^\1```$/gm;

/** A document's blocks of code, without their comments, which may be in its own language. */
function blocksOf(text: string): string[] {
  return [...text.matchAll(BLOCK)].map(([block]) => block.replaceAll(/^ *# .*\n/gm, ""));
}

function withoutBlocks(text: string): string {
  return text.replaceAll(BLOCK, "");
}

interface Section {
  readonly heading: string;
  readonly counts: Record<"level" | "paragraphs" | "points" | "rows", number>;
}

function sectionsOf(text: string): Section[] {
  return withoutBlocks(text).split(/^(?=#+ )/m).map((section) => {
    const count = (pattern: RegExp) => section.match(pattern)?.length ?? 0;
    const [, hashes = "", heading = ""] = section.match(/^(#*) *(.*)/) ?? [];
    const counts = {
      level: hashes.length,
      paragraphs: count(/\n\n(?=\S)(?![-|]|\d+\. )/g),
      points: count(/^ *(-|\d+\.) /gm),
      rows: count(/^\|/gm),
    };
    return { heading, counts };
  });
}

/** The rows of a README's table of settings: name, default, description. */
function settingsIn(readme: string): string[][] {
  return readme.split("\n").filter((line) => /^\| `[A-Z_]+` +\|/.test(line))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("README's table of settings is SETTINGS", () => {
  const expected = documented.map(({ name, about, byDefault }) => {
    const shown = byDefault === undefined
      ? ""
      : byDefault.length > 40
      ? "in `.env.example`"
      : `\`${byDefault}\``;
    return [`\`${name}\``, shown, about];
  });
  assertEquals(settingsIn(README), expected);
  for (const { name, secret } of documented) if (secret) assertStringIncludes(README, `${name}_FILE`);
});

Deno.test("README has the two commands, and what the commands say of themselves", () => {
  assertStringIncludes(README, "\nnpx -y deno@2.9.6 task dev\n");
  assertStringIncludes(README, "\nnpx -y deno@2.9.6 task test\n");
  assertStringIncludes(README, REHEARSE_USAGE);
  assertStringIncludes(README, CHECK_USAGE);
  assertStringIncludes(README, CALL_USAGE);
  assertStringIncludes(README, CALLS_USAGE);
});

Deno.test("README, Dockerfile and the program's own hints name one version of Deno", () => {
  const texts = [README, read("Dockerfile"), read("main.ts")];
  const versions = texts.flatMap((text) => [...text.matchAll(/\bdeno[@:](\d[\d.]*\d)/g)].map(([, v]) => v));
  assertEquals([...new Set(versions)], ["2.9.6"]);
});

/** Where a document's links and pictures lead, from the root of the repository. */
function linksOf(path: string): string[] {
  const base = new URL(path, ROOT);
  return [...withoutBlocks(read(path)).matchAll(/\]\((?!#)([^)#]+)/g)]
    .map(([, target = ""]) => new URL(target, base).href.replace(ROOT.href, ""));
}

for (const path of READMES) {
  Deno.test(`what ${path} links to in the repository is there`, async () => {
    const targets = linksOf(path).filter((target) => !/^https?:/.test(target));
    assert(targets.length > 0, "no link was found");
    const isThere = (target: string) => Deno.stat(new URL(target, ROOT)).then(() => true, () => false);
    const there = await Promise.all(targets.map(isThere));
    assertEquals(targets.filter((_, at) => !there[at]), [], "not there");
  });
}

Deno.test("both READMEs have the same commands, in the same order", () => {
  const [english, spanish] = READMES.map((path) => blocksOf(read(path)));
  assert(english?.length, "no block of code was found");
  assertEquals(spanish, english);
});

Deno.test("both READMEs have the same settings, with the same defaults, each told in its own language", () => {
  const [english = [], spanish = []] = READMES.map((path) => settingsIn(read(path)));
  const nameAndDefault = ([name, byDefault]: string[]) => [name, byDefault?.replace(/^en (?=`)/, "in ")];
  assertEquals(spanish.map(nameAndDefault), english.map(nameAndDefault));
  const told = new Set(english.map(([, , about]) => about));
  assertEquals(
    spanish.filter(([, , about = ""]) => about === "" || told.has(about)),
    [],
    "not told in Spanish",
  );
});

Deno.test("both READMEs have the same sections, with as many paragraphs, points and rows", () => {
  const [english = [], spanish = []] = READMES.map((path) => sectionsOf(read(path)));
  // By the English headings, so that a difference says where it is.
  const named = (sections: Section[]) =>
    sections.map(({ counts }, at) => ({ section: english[at]?.heading ?? "one too many", counts }));
  assertEquals(named(spanish), named(english));
});

Deno.test("both READMEs name the same settings, routes and log lines, and lead to the same places", () => {
  const [english, spanish] = READMES.map((path) => ({
    code: [...new Set([...withoutBlocks(read(path)).matchAll(/`([^`]+)`/g)].map(([, code]) => code))].sort(),
    // Each leads to the other, and only to the other.
    links: linksOf(path).filter((target) => !READMES.includes(target)).sort(),
  }));
  assertEquals(spanish, english);
  assertEquals(READMES.map((path) => linksOf(path).filter((target) => READMES.includes(target))), [
    ["docs/README.es.md"],
    ["README.md"],
  ]);
});

function* sourcesIn(folder: URL): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sourcesIn(new URL(`${name}/`, folder));
    else yield Deno.readTextFileSync(new URL(name, folder));
  }
}

Deno.test("every log line README quotes is one that Parley writes", () => {
  const quoted = [...README.matchAll(/`(?:debug|info|warn|error) ([a-z][a-z -]*[a-z])(?: \w+=[^`]*)?`/g)]
    .map(([, event]) => event);
  assert(quoted.length > 0, "no log line was found");
  const sources = [read("main.ts"), ...sourcesIn(new URL("src/", ROOT))];
  const unknown = quoted.filter((event) => !sources.some((source) => source.includes(`"${event}"`)));
  assertEquals(unknown, []);
});

Deno.test("the npm mirror names the packages and versions of deno.json", () => {
  const isStd = ([name]: [string, string]) => name.startsWith("@std/");
  const ours = Object.entries(deno.imports);
  // "openai/": "npm:/openai@1.2.3/" is how an import map names what lies inside of "openai".
  const theirs = Object.entries(mirror.imports).map(([name, target]): [string, string] => [
    name.replace(/\/$/, ""),
    target.replace(/^npm:\//, "npm:").replace(/\/$/, ""),
  ]);
  assertEquals(
    Object.fromEntries(theirs.filter((entry) => !isStd(entry))),
    Object.fromEntries(ours.filter((entry) => !isStd(entry))),
  );
  const packages = new Set(theirs.filter(isStd).map(([name]) => name.split("/").slice(0, 2).join("/")));
  assertEquals([...packages].sort(), ours.filter(isStd).map(([name]) => name).sort());
});

Deno.test("both lock files hold every package of deno.json: a shortened one is noticed before it is committed", () => {
  const packages = Object.values(deno.imports).filter((target) => target.startsWith("npm:"));
  for (const path of ["deno.lock", ".mirror/deno.lock"]) {
    const { specifiers } = JSON.parse(read(path));
    assertEquals(packages.filter((specifier) => !(specifier in specifiers)), [], path);
  }
});

/** The permissions a task grants. Those within `$(…)` belong to the program that looks for the mirror. */
function permissions({ command }: { command: string }): string[] {
  const own = command.replaceAll(/\$\([^)]*\)|'/g, "");
  return own.match(/(?<=\s)(?:-[A-Z]\S*|--(?:allow|deny)-\S+|--no-prompt)/g) ?? [];
}

Deno.test("the tasks that run Parley grant the same, and no more than it needs", () => {
  const { dev, start, rehearse, check, call, calls, compile } = deno.tasks;
  const granted = permissions(start);
  for (const task of [dev, rehearse, check, call, calls, compile]) assertEquals(permissions(task), granted);

  const unlimited = granted.filter((flag) => !flag.includes("="));
  assertEquals(unlimited.sort(), ["--allow-net", "--no-prompt"]);

  const grants = granted.find((flag) => flag.startsWith("--allow-env="))?.slice("--allow-env=".length).split(
    ",",
  );
  assert(grants, "no task grants the environment");
  const names = documented.flatMap(({ name, secret }) => secret ? [name, `${name}_FILE`] : [name]);
  const covers = (grant: string) => (name: string) =>
    grant.endsWith("*") ? name.startsWith(grant.slice(0, -1)) : name === grant;
  assertEquals(names.filter((name) => !grants.some((grant) => covers(grant)(name))), [], "not granted");
  // Names of TOOL_… are up to who writes the assistants file.
  const idle = grants.filter((grant) => grant !== "TOOL_*" && !names.some(covers(grant)));
  assertEquals(idle, [], "granted and not a setting");
});
