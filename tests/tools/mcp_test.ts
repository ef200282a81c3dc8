import { assertEquals } from "@std/assert";
import { handedServers, type McpServerOptions, onApprovalRequest } from "../../src/tools/mcp.ts";

const SERVER = { url: "https://mcp.example.com", allowedTools: ["book", "free_slots"] };
const SERVERS: McpServerOptions[] = [
  { ...SERVER, label: "free", approval: "never", headers: { authorization: "Bearer key" } },
  { ...SERVER, label: "asked", approval: "keypad" },
  { ...SERVER, label: "shut", approval: "deny" },
];

Deno.test("only a server whose tools are free is used without asking", () => {
  assertEquals(handedServers(SERVERS), [
    { ...SERVER, label: "free", headers: { authorization: "Bearer key" }, unasked: true },
    { ...SERVER, label: "asked", unasked: false },
    { ...SERVER, label: "shut", unasked: false },
  ]);
});

Deno.test("a server without allowed tools is not handed on", () => {
  assertEquals(handedServers([{ ...SERVER, label: "all", approval: "never", allowedTools: [] }]), []);
});

Deno.test("the caller is asked where that is configured, and for allowed tools; all else is denied", () => {
  const answers = [["asked", "book"], ["asked", "delete_all"], ["shut", "book"], ["free", "book"], [
    "x",
    "book",
  ]]
    .map(([server = "", name = ""]) => onApprovalRequest(SERVERS, { server, name }));
  assertEquals(answers, ["ask the caller", "deny", "deny", "deny", "deny"]);
});
