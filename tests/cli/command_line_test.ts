import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { basename } from "node:path";
import { invocation, LAUNCHER } from "../../src/invocation.ts";
import { COMMANDS, runCommandLine } from "../../src/cli/command_line.ts";
import { flagRows, runCommand } from "../../src/cli/command.ts";
import { EXIT } from "../../src/cli/exit_code.ts";
import { writeAll } from "../../src/cli/terminal.ts";

/** Runs the command line; its commands only record their arguments. */
async function run(...args: string[]) {
  const texts = { out: "", err: "" };
  const started: unknown[] = [];
  const commands = COMMANDS.map(({ command }) => ({
    command,
    start(args: readonly string[]) {
      started.push([command.name, args]);
      return Promise.resolve(EXIT.ok);
    },
  }));
  const code = await runCommandLine(args, commands, {
    out: (text) => void (texts.out += text),
    err: (text) => void (texts.err += text),
  });
  return { code, ...texts, started };
}

Deno.test("command line starts the named command, and serve without a name", async () => {
  assertEquals((await run("call", "+1", "--json")).started, [["call", ["+1", "--json"]]]);
  assertEquals((await run()).started, [["serve", []]]);
  assertEquals((await run("--reloads")).started, [["serve", ["--reloads"]]]);
});

// Protects: every start, also for the help, would load all of the service, which takes half a second of processor time.
Deno.test("command line loads a command only when it starts it", () => {
  const loaded = [...modulesFrom(new URL("../../main.ts", import.meta.url))].map((url) => basename(url));
  assert(loaded.includes("commands.ts"));
  assertEquals(loaded.filter((name) => /_command\.ts$|^service|^config\.ts$/.test(name)), []);
});

/** A module and those it imports, directly or not, when it is loaded; types aside. */
function modulesFrom(url: URL, found = new Set<string>()): Set<string> {
  if (found.has(url.href)) return found;
  found.add(url.href);
  const imports = /^(?:import|export) (?!type )[^;"=]*?from "(\.[^"]+\.ts)"/gm;
  for (const [, target = ""] of Deno.readTextFileSync(url).matchAll(imports)) {
    modulesFrom(new URL(target, url), found);
  }
  return found;
}

Deno.test("command line prints the version anywhere", async () => {
  for (const args of [["--version"], ["version"], ["calls", "--version"]]) {
    const { code, out, started } = await run(...args);
    assertEquals([code, started], [0, []]);
    assertMatch(out, /^\d+\.\d+\.\d+\n$/);
  }
});

Deno.test("command line lists all commands as they are typed here", async () => {
  for (const args of [["help"], ["--help"], ["-h"]]) {
    const { code, out } = await run(...args);
    assertEquals(code, 0);
    for (const name of ["start", "rehearse", "call", "calls", "check"]) {
      assertStringIncludes(out, `  ${invocation(name)} `);
    }
  }
});

Deno.test("command line names the command that is nearest to an unknown one", async () => {
  const { code, err, started } = await run("rehears");
  assertEquals([code, started], [2, []]);
  assertStringIncludes(err, 'Unknown command "rehears"; did you mean "rehearse"?\n');
  assertStringIncludes((await run("dance")).err, 'Unknown command "dance"\n');
});

Deno.test("command line explains every command and flag with --help", async () => {
  for (const { command } of COMMANDS) {
    const texts = { out: "" };
    const terminal = { out: (text: string) => void (texts.out += text), err() {} };
    assertEquals(await runCommand(command, ["--help"], terminal, () => EXIT.failed), EXIT.ok);
    for (const [flag, help] of flagRows(command.flags)) assertMatch(texts.out, rowOf(flag, help));
    for (const line of texts.out.split("\n")) assert(line.length <= 120, line);
  }
});

Deno.test("writeAll repeats short writes", () => {
  const written: number[] = [];
  const pipe = {
    writeSync(bytes: Uint8Array) {
      const part = bytes.subarray(0, 3);
      written.push(...part);
      return part.length;
    },
  };
  writeAll(pipe, "ten bytes!");
  assertEquals(new TextDecoder().decode(Uint8Array.from(written)), "ten bytes!");
});

function rowOf(flag: string, help: string): RegExp {
  const escape = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^  ${escape(flag)} +${escape(help)}$`, "m");
}

// Protects: help would fail when the configuration has a problem, because a command loads it first.
Deno.test("command line explains a command without starting it", async () => {
  for (const args of [["calls", "--help"], ["help", "calls"], ["check", "--fix", "-h"]]) {
    const { code, out, started } = await run(...args);
    assertEquals([code, started], [0, []], args.join(" "));
    assertStringIncludes(out, `Usage: ${invocation(args.find((arg) => /^c/.test(arg)) ?? "")} `);
  }
  assertStringIncludes((await run("help", "serve")).out, `Usage: ${LAUNCHER} start `);
  assertStringIncludes((await run("--help", "--reloads")).out, "Every command has --help");
  assertStringIncludes((await run("help", "dance")).err, 'Unknown command "dance"');
});

Deno.test("command line reports a value that begins with a dash without Deno's error text", async () => {
  const texts = { err: "" };
  const terminal = { out() {}, err: (text: string) => void (texts.err += text) };
  const rehearse = COMMANDS.find(({ command }) => command.name === "rehearse");
  assert(rehearse);
  const code = await runCommand(rehearse.command, ["--max-seconds", "-3"], terminal, () => EXIT.ok);
  assertEquals(code, EXIT.usage);
  assertStringIncludes(texts.err, '--max-seconds is "-3"; expected a whole number from 1.');
});
