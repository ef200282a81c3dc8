/** Worker of `probeSandbox()`: tries forbidden operations with the permissions of the service worker. */

export interface SandboxProbe {
  /** A folder that the service must not touch. */
  readonly outside: string;
  /** An address that the service must not connect to; something listens there. */
  readonly hostname: string;
  readonly port: number;
  /** Receives the operations that were not refused. */
  readonly report: MessagePort;
}

async function run({ outside, hostname, port, report }: SandboxProbe): Promise<void> {
  const file = `${outside}/parley-sandbox-test`;
  const attempts: Record<string, () => unknown> = {
    "read /etc/hosts": () => Deno.readTextFile("/etc/hosts"),
    "list the working directory": () => [...Deno.readDirSync(".")],
    "list the folder that contains DATA_DIR": () => [...Deno.readDirSync(outside)],
    "write outside DATA_DIR": async () => {
      await Deno.writeTextFile(file, "");
      await Deno.remove(file);
    },
    "connect to another host": async () => (await Deno.connect({ hostname, port })).close(),
    "listen on another port": () => Deno.listen({ hostname: "0.0.0.0", port: 0 }).close(),
    "read the environment": () => Deno.env.toObject(),
    "run a program": () => new Deno.Command("true").outputSync(),
  };
  const allowed: string[] = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      await attempt();
      allowed.push(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) allowed.push(`${name} (${error})`);
    }
  }
  report.postMessage(allowed);
}

globalThis.addEventListener("message", (event) => {
  if (event instanceof MessageEvent) run(event.data);
});
