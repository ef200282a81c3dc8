import { assertEquals } from "@std/assert";
import { launcherOf } from "../src/invocation.ts";

Deno.test("launcherOf() names the binary, Deno, or npx when only npx has Deno", () => {
  const npx = `npx -y deno@${Deno.version.deno} task`;
  const cases: [executable: string, standalone: boolean, launcher: string][] = [
    ["/usr/local/bin/parley", true, "parley"],
    ["/home/ada/.deno/bin/deno", false, "deno task"],
    ["/home/ada/.npm/_npx/5f2a/node_modules/@deno/linux-x64-glibc/deno", false, npx],
    ["C:\\Users\\Ada\\AppData\\Local\\npm-cache\\_npx\\5f2a\\node_modules\\deno\\deno.exe", false, npx],
  ];
  for (const [executable, standalone, launcher] of cases) {
    assertEquals(launcherOf(executable, standalone), launcher, executable);
  }
});
