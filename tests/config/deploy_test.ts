import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Setting } from "../../src/config/setting_types.ts";
import { SETTINGS } from "../../src/config/settings.ts";

const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
const UNIT = read("deploy/parley.service"),
  GUIDE = read("docs/deployment.md"),
  COMPOSE = read("deploy/compose.yaml");
const KUBERNETES = read("deploy/kubernetes.yaml"), DOCKERFILE = read("Dockerfile");

/** The settings that `text` assigns. */
function assignments(text: string, pattern: RegExp): [name: string, value: string][] {
  const assignmentList = [...text.matchAll(pattern)].map((
    [, name = "", value = ""],
  ): [string, string] => [name, value]);
  assert(assignmentList.length > 0, `no setting matches ${pattern}`);
  return assignmentList;
}

const COMPOSE_SERVICE = COMPOSE.slice(COMPOSE.indexOf("  parley:"), COMPOSE.indexOf("  caddy:"));
const ASSIGNMENTS = [
  ...assignments(GUIDE.replaceAll("YOUR_HOST", "phone.example.com"), /^ +([A-Z_]+)=(\S*)$/gm),
  ...assignments(COMPOSE_SERVICE, /^ {6}([A-Z_]+): (\S.*)$/gm),
  ...assignments(KUBERNETES, /- \{ name: ([A-Z_]+), value: "?([^" ]+)"? \}/g),
  ...assignments(KUBERNETES, /^ {4}([A-Z_]+)=(\S+)$/gm),
  ...assignments(DOCKERFILE.slice(DOCKERFILE.lastIndexOf("FROM ")), /(?<=^ENV .*)\b([A-Z_]+)=(\S+)/gm),
];

// Protects: a renamed or removed setting does not stay behind in the deployment files.
Deno.test("deploy/ and Dockerfile set existing settings to values their schemas accept", () => {
  for (const [name, value] of ASSIGNMENTS) {
    const secretOf = name.replace(/_FILE$/, "");
    const settings: Record<string, Setting> = SETTINGS;
    if (name !== secretOf && settings[secretOf]?.secret) continue;
    const setting = settings[name];
    assert(setting, `${name} is not a setting`);
    if (value.includes("…")) continue;
    // Placeholders are filled in by the operator.
    const example = value.replace(/\$\{[^}]*\}|YOUR_HOST/, "phone.example.com");
    assert(setting.schema.safeParse(example).success, `${name} does not accept ${example}`);
  }
});

// Protects: secrets in these files would end up in version control and in "docker inspect".
Deno.test("deploy/ and Dockerfile pass secrets as files only", () => {
  const secrets = Object.entries<Setting>(SETTINGS).filter(([, { secret }]) => secret).map(([name]) => name);
  assertEquals(ASSIGNMENTS.filter(([name]) => secrets.includes(name)), []);
  for (const text of [GUIDE, COMPOSE, KUBERNETES]) {
    for (const name of ["OPENAI_API_KEY", "TWILIO_AUTH_TOKEN", "ADMIN_TOKEN"]) {
      assertStringIncludes(text, `${name}_FILE`);
    }
  }
});

// Protects: a flood takes Parley's memory, and not that of the machine, of the proxy or of other pods.
Deno.test("systemd, Compose and Kubernetes limit the memory of Parley, and Compose that of Caddy", () => {
  const gibibytes = [
    /^MemoryMax=(\d+)G$/m.exec(UNIT),
    /^ {4}mem_limit: (\d+)g$/m.exec(COMPOSE_SERVICE),
    /limits: \{ memory: (\d+)Gi \}/.exec(KUBERNETES),
  ].map((limit) => Number(limit?.[1]));
  assertEquals(gibibytes, [1, 1, 1]);
  assertEquals(/^ {4}mem_limit: (\w+)$/m.exec(COMPOSE.slice(COMPOSE.indexOf("  caddy:")))?.[1], "256m");
  assert(/^TasksMax=\d+$/m.test(UNIT));
});

// Protects: calls in progress are not killed during a deployment.
Deno.test("systemd, Compose and Kubernetes wait for the drain and the goodbyes after it", () => {
  const drain = SETTINGS.DRAIN_SECONDS.schema.parse(undefined) + 15 + 3;
  const waits = [
    /^TimeoutStopSec=(\d+)$/m.exec(UNIT),
    /stop_grace_period: (\d+)s/.exec(COMPOSE_SERVICE),
    /terminationGracePeriodSeconds: (\d+)/.exec(KUBERNETES),
  ].map((match) => Number(match?.[1]));
  const preStop = Number(/sleep: \{ seconds: (\d+) \}/.exec(KUBERNETES)?.[1]);
  assert(waits.every((wait) => wait > drain + preStop), `${waits} s`);
  // The proxy must stop after the service, because calls go through it.
  assertStringIncludes(COMPOSE_SERVICE, "depends_on: [caddy]");
  assert(/^After=.*caddy\.service.*nginx\.service/m.test(UNIT));
});

// Protects: systemd does not restart a wrong configuration (exit code 2), and accepts a drain that was cut
// short (3).
Deno.test("the systemd unit handles Parley's exit codes", () => {
  assertStringIncludes(UNIT, "RestartPreventExitStatus=2\n");
  assertStringIncludes(UNIT, "SuccessExitStatus=3\n");
});

// Protects: every deployment reaches the port on which the service listens by default.
Deno.test("Deployment files use the default port", () => {
  const port = String(SETTINGS.PORT.schema.parse(undefined));
  for (const path of ["deploy/Caddyfile", "deploy/nginx.conf", "deploy/compose.yaml"]) {
    assertStringIncludes(read(path), `:${port}`);
  }
  assertStringIncludes(KUBERNETES, `containerPort: ${port}`);
});

// Protects: a browser that used the console once over HTTPS is not led to HTTP.
Deno.test("the Caddy and nginx configurations send HSTS", () => {
  for (const path of ["deploy/Caddyfile", "deploy/nginx.conf"]) {
    assert(/Strict-Transport-Security "max-age=31536000"/.test(read(path)), path);
  }
});

// Protects: every command finds the settings and the data of the service.
Deno.test("each deployment has its settings in /etc/parley and its data in /var/lib/parley", () => {
  assertStringIncludes(UNIT, "\nStateDirectory=parley\n");
  assertStringIncludes(COMPOSE_SERVICE, "- ./config:/etc/parley:ro\n      - data:/var/lib/parley\n");
  assertStringIncludes(KUBERNETES, "mountPath: /etc/parley, readOnly: true");
  assertStringIncludes(KUBERNETES, "{ name: data, mountPath: /var/lib/parley }");
  assertStringIncludes(DOCKERFILE, "DATA_DIR=/var/lib/parley");
  assert(
    !/WorkingDirectory|EnvironmentFile|LoadCredential/.test(UNIT),
    "settings that other commands do not see",
  );
});
