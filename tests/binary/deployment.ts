/**
 * Walks the VPS steps of docs/deployment.md with the compiled program, as root and as the user of the service, in a mount
 * namespace of its own: /etc and /var/lib are copies, so that the machine stays as it is. Not walked: what needs another
 * machine, systemd or the network (copying, Caddy, `systemctl`). The service starts as the unit says.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../support/free_port.ts";

const ROOT = new URL("../../", import.meta.url);
const BINARY = new URL("parley", ROOT).pathname;
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));

/** Why the steps cannot be walked here; undefined if they can. */
function obstacle(): string | undefined {
  if (Deno.build.os !== "linux") return "needs Linux";
  if (Deno.uid() !== 0) return "needs root";
  const args = [
    "--mount",
    "--propagation",
    "private",
    "sh",
    "-c",
    "mount -t tmpfs none /mnt && command -v adduser setpriv",
  ];
  try {
    const { success } = new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).outputSync();
    return success ? undefined : "needs unshare, mount, adduser and setpriv";
  } catch {
    return "needs unshare";
  }
}

/** The code blocks of a step of the guide, without its indentation. */
function blocksOf(guide: string, from: string, to: string): string[] {
  const part = guide.slice(guide.indexOf(from), guide.indexOf(to));
  assert(part !== "", `docs/deployment.md has no "${from}"`);
  return [...part.matchAll(/^( *)```sh\n([^]*?)^ *```/gm)].map(([, indent = "", block = ""]) =>
    block.replaceAll(new RegExp(`^${indent}`, "gm"), "")
  );
}

/** The value of a field of the unit. */
function unit(field: string): string {
  const [, value] = new RegExp(`^${field}=(.*)$`, "m").exec(read("deploy/parley.service")) ?? [];
  assert(value, `the unit has no ${field}`);
  return value;
}

const SECRETS = {
  openai_api_key: "sk-of-the-walk-0123456789",
  twilio_auth_token: "0123456789abcdef0123456789abcdef",
};

const reason = obstacle();
Deno.test({
  name: `the steps of docs/deployment.md lead to a service whose settings and data every command finds${
    reason === undefined ? "" : ` (ignored: ${reason})`
  }`,
  ignore: reason !== undefined,
  async fn() {
    const guide = read("docs/deployment.md");
    const [commands = "", env = ""] = blocksOf(guide, "3. **Write the settings**", "4. **Start**");
    const assistants = blocksOf(guide, "### An assistants file", "### Without a proxy")[0] ?? "";
    const start = blocksOf(guide, "4. **Start**", "5. **Call")[0] ?? "";
    assertStringIncludes(start, "runuser -u parley -- parley check --fix");
    const port = freePort();
    const settings = env.replaceAll("YOUR_HOST", "phone.example.com").replace(/AC…/, `AC${"0".repeat(32)}`)
      .replace("+1555…", "+15550100000");
    // Each `cat >` reads what the guide lets the reader paste.
    const paste = Object.entries(SECRETS).reduce(
      (text, [name, secret]) => text.replace(`cat > ${name}`, `echo '${secret}' > ${name}`),
      commands,
    );
    const user = unit("User");
    const script = `
set -eu
scratch=$(mktemp -d) && mount -t tmpfs none "$scratch"
cp -a /etc "$scratch/etc" && mkdir -p "$scratch/lib"
mount --bind "$scratch/etc" /etc && mount --bind "$scratch/lib" /var/lib
mkdir -p "$scratch/bin" && install -m 755 ${BINARY} "$scratch/bin/parley"
export PATH="$scratch/bin:$PATH" HOME=/nonexistent
chmod 755 "$scratch"
( ${paste}
)
cat > /etc/parley/.env <<'END'
${settings}PORT=${port}
LOG_FORMAT=json
OPENAI_REALTIME_URL=ws://127.0.0.1:9
TWILIO_API_URL=http://127.0.0.1:9
END
chgrp parley /etc/parley/.env && chmod 640 /etc/parley/.env
cd "$scratch"
printf '{ "assistants": { "walked": {} } }' > assistants.jsonc
${assistants.split("\n").filter((line) => !line.startsWith("systemctl")).join("\n")}
parley check > /dev/null 2>&1 || true
echo "== first check"; ls /var/lib
# What StateDirectory does.
install -d -o ${user} -g ${unit("Group")} -m ${unit("StateDirectoryMode")} "/var/lib/${
      unit("StateDirectory")
    }"
cd /
as() { setpriv --reuid=${user} --regid=${user} --init-groups --no-new-privs "$@"; }
( exec setpriv --reuid=${user} --regid=${user} --init-groups --no-new-privs ${
      unit("ExecStart").replace("/usr/local/bin/", "")
    } ) > "$scratch/log" 2>&1 & service=$!
trap 'kill $service; wait $service || true' EXIT
for i in $(seq 100); do grep -q '"listening"' "$scratch/log" && break; sleep 0.1; done
echo "== log"; cat "$scratch/log"
echo "== config"; as parley check --print-config --json
echo "== check"; as parley check || true
echo "== calls"; as parley calls --json
mkdir -m 700 "$scratch/home" && cd "$scratch/home"
echo "== root's home"; as parley calls --json 2>&1
cd /
echo "== root"; parley calls --json
echo "== owners"; stat -c '%U:%G %a %n' /etc/parley /etc/parley/.env /etc/parley/openai_api_key /etc/parley/assistants.jsonc /var/lib/parley/calls.db*
echo "== stranger"; setpriv --reuid=65534 --regid=65534 --clear-groups cat /etc/parley/openai_api_key 2>&1 || true
`;
    const { stdout, stderr } = await new Deno.Command("unshare", {
      args: ["--mount", "--propagation", "private", "sh", "-c", script],
      env: { LC_ALL: "C" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    const parts = new Map(
      text.split(/^== /m).map((part) => {
        const [name = "", ...lines] = part.split("\n");
        return [name, lines.join("\n")];
      }),
    );
    const part = (name: string) => parts.get(name) ?? `${text}\n${new TextDecoder().decode(stderr)}`;

    assertEquals(
      part("first check").trim(),
      "",
      "a check before the first start leaves nothing to the service",
    );
    assertStringIncludes(part("log"), '"listening"');
    const sources = new Map(
      JSON.parse(part("config")).settings.map((
        { name, source }: { name: string; source: string },
      ) => [name, source]),
    );
    assertEquals(sources.get("PUBLIC_URL"), "/etc/parley/.env");
    assertEquals(sources.get("OPENAI_API_KEY"), "/etc/parley/openai_api_key");
    assertStringIncludes(part("config"), '"value":"/var/lib/parley"');
    assertStringIncludes(part("config"), '"value":"/etc/parley/assistants.jsonc"');
    // The check finds the running service instead of starting another one.
    assertStringIncludes(part("check"), "complete, for production");
    assertStringIncludes(part("check"), `Parley already listens on 127.0.0.1:${port}`);
    assertEquals(JSON.parse(part("calls")), { calls: [] });
    assertEquals(part("root's home").trim(), '{"calls":[\n]}', "a folder that the user may not search");
    assertEquals(JSON.parse(part("root")), { calls: [] });
    assertStringIncludes(part("owners"), "root:parley 2750 /etc/parley\n");
    assertStringIncludes(part("owners"), "root:parley 640 /etc/parley/openai_api_key\n");
    assertStringIncludes(part("owners"), "root:parley 640 /etc/parley/assistants.jsonc\n");
    const databases = part("owners").split("\n").filter((line) => line.includes("calls.db"));
    assert(
      databases.length > 0 && databases.every((line) => line.startsWith("parley:parley ")),
      part("owners"),
    );
    assertStringIncludes(part("stranger"), "Permission denied");
    assert(!text.includes(SECRETS.openai_api_key), "a secret was printed");
  },
});
