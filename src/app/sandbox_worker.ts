/** Tries what the service must not be able to do, with the service's permissions. */

/** What is tried: a folder to write into, and a port on loopback where somebody listens. */
export interface Attempts {
  readonly folder: string;
  readonly port: number;
  /** Where to say which attempts went through. */
  readonly report: MessagePort;
}

async function run({ folder, port, report }: Attempts): Promise<void> {
  const attempts: Record<string, () => unknown> = {
    "read a file that is not its own": () => Deno.readTextFile("/etc/hosts"),
    "list the folder it runs in": () => [...Deno.readDirSync(".")],
    "write outside of DATA_DIR": () => Deno.writeTextFile(`${folder}/parley-was-here`, ""),
    "connect to another host": async () => (await Deno.connect({ hostname: "127.0.0.1", port })).close(),
    "listen on another port": () => Deno.listen({ hostname: "0.0.0.0", port: 0 }).close(),
    "read the environment": () => Deno.env.toObject(),
    "run a program": () => new Deno.Command("true").outputSync(),
  };
  const allowed: string[] = [];
  for (const [what, attempt] of Object.entries(attempts)) {
    try {
      await attempt();
      allowed.push(what);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) allowed.push(`${what} (${error})`);
    }
  }
  report.postMessage(allowed);
}

globalThis.addEventListener("message", (event) => {
  if (event instanceof MessageEvent) run(event.data);
});
