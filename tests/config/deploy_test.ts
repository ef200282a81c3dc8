import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Setting, SETTINGS } from "../../src/config/settings.ts";

const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
const UNIT = read("deploy/parley.service"), COMPOSE = read("deploy/compose.yaml");
const KUBERNETES = read("deploy/kubernetes.yaml"), DOCKERFILE = read("Dockerfile");
const VPS = /### On a VPS in ten minutes\n(.*?)\n##+ /s.exec(read("README.md"))?.[1] ?? "";

/** What a text gives to Parley: names, and the values that are written out. */
function given(text: string, pattern: RegExp): [name: string, value: string][] {
  const found = [...text.matchAll(pattern)].map((
    [, name = "", value = ""],
  ): [string, string] => [name, value]);
  assert(found.length > 0, `nothing is given by ${pattern}`);
  return found;
}

const COMPOSED = COMPOSE.slice(COMPOSE.indexOf("  parley:"), COMPOSE.indexOf("  caddy:"));
const GIVEN = [
  ...given(UNIT, /(?<=^Environment=.*)\b([A-Z_]+)=(\S*)/gm),
  ...given(COMPOSED, /^ {6}([A-Z_]+): (\S.*)$/gm),
  ...given(KUBERNETES, /- \{ name: ([A-Z_]+), value: "?([^" ]+)"? \}/g),
  ...given(DOCKERFILE.slice(DOCKERFILE.lastIndexOf("FROM ")), /^ENV ([A-Z_]+)=(\S+)$/gm),
  ...given(VPS, /\b([A-Z_]+)=(\S+)/g),
];

Deno.test("deploy/, Dockerfile and README give settings that exist, with values they may have", () => {
  for (const [name, value] of GIVEN) {
    const secretOf = name.replace(/_FILE$/, "");
    const settings: Record<string, Setting> = SETTINGS;
    if (name !== secretOf && settings[secretOf]?.secret) continue;
    const setting = settings[name];
    assert(setting, `${name} is no setting`);
    if (value.includes("…")) continue;
    // Placeholders are somebody else's to fill in.
    const written = value.replace(/\$\{[^}]*\}|YOUR_HOST/, "phone.example.com");
    assert(setting.schema.safeParse(written).success, `${name} cannot be ${written}`);
  }
});

Deno.test("secrets are handed over in files only", () => {
  const secrets = Object.entries<Setting>(SETTINGS).filter(([, { secret }]) => secret).map(([name]) => name);
  assertEquals(GIVEN.filter(([name]) => secrets.includes(name)), []);
  for (const text of [UNIT, COMPOSE, KUBERNETES]) {
    for (const name of ["OPENAI_API_KEY", "TWILIO_AUTH_TOKEN", "ADMIN_TOKEN"]) {
      assertStringIncludes(text, `${name}_FILE`);
    }
  }
});

Deno.test("whoever stops Parley waits until the drain and its goodbyes are over", () => {
  const drain = SETTINGS.DRAIN_SECONDS.schema.parse(undefined) + 15 + 3;
  const waits = [
    /^TimeoutStopSec=(\d+)$/m.exec(UNIT),
    /stop_grace_period: (\d+)s/.exec(COMPOSED),
    /terminationGracePeriodSeconds: (\d+)/.exec(KUBERNETES),
  ].map((match) => Number(match?.[1]));
  const before = Number(/sleep: \{ seconds: (\d+) \}/.exec(KUBERNETES)?.[1]);
  assert(waits.every((wait) => wait > drain + before), `${waits} s`);
  // The proxy must outlive the calls that go through it.
  assertStringIncludes(COMPOSED, "depends_on: [caddy]");
  assert(/^After=.*caddy\.service.*nginx\.service/m.test(UNIT));
});

Deno.test("the unit knows Parley's exit codes, and README's commands are about its files", () => {
  assertStringIncludes(UNIT, "RestartPreventExitStatus=2\n");
  assertStringIncludes(UNIT, "SuccessExitStatus=3\n");
  const files = [...UNIT.matchAll(/^(?:LoadCredential=\w+:|EnvironmentFile=)\/etc\/parley\/(\S+)$/gm)];
  assertEquals(files.length, 4);
  for (const [, file = ""] of files) assertStringIncludes(VPS, file);
});
