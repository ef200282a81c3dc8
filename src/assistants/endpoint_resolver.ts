import type { McpServer } from "../model/session_options.ts";
import type { HttpToolOptions } from "../tools/http_tool.ts";
import type { Path } from "../jsonc.ts";
import { placeholderNames } from "../placeholders.ts";
import type { Endpoint } from "./assistant.ts";
import type { EndpointEntry, HttpToolEntry, McpServerEntry } from "./endpoint_schema.ts";
import type { ProblemReport } from "./problem_report.ts";
import type { ToolVariables } from "./tool_variables.ts";

/** Fills environment variables into the endpoints, HTTP tools and MCP servers of an assistants file. */
export class EndpointResolver {
  readonly #report: ProblemReport;
  readonly #variables: ToolVariables;

  constructor(report: ProblemReport, variables: ToolVariables) {
    this.#report = report;
    this.#variables = variables;
  }

  tool(name: string, { url, headers, body, allowPrivate, ...rest }: HttpToolEntry): HttpToolOptions {
    const path = ["tools", name];
    return {
      name,
      ...rest,
      ...this.endpoint(path, { url, allowPrivate }, true),
      headers: this.#headers(path, headers),
      body: this.#variables.substituteJson(body, this.#problemAt([...path, "body"])),
    };
  }

  mcpServer(label: string, { url, headers, allowedTools, approval }: McpServerEntry): McpServer {
    const path = ["mcpServers", label];
    if (placeholderNames(headers).length > 0) {
      this.#report.addProblem([...path, "headers"], "found {{…}}; allowed: ${TOOL_…} only");
    }
    return {
      label,
      url: this.endpoint(path, { url, allowPrivate: false }).url,
      headers: this.#headers(path, headers),
      allowedTools,
      autoApproved: approval === "never",
    };
  }

  /**
   * Substitutes variables in a URL and checks it.
   *
   * @param path Path of the entry in the file.
   * @param allowPlaceholders Whether `{{…}}` may follow the host. The host itself must not contain any.
   */
  endpoint(path: Path, { url, allowPrivate }: EndpointEntry, allowPlaceholders = false): Endpoint {
    const onProblem = this.#problemAt([...path, "url"]);
    let unresolved = false;
    const filled = this.#variables.substitute(url, (text) => {
      unresolved = true;
      onProblem(text);
    });
    const schemeAndHost = /^(https?):\/\/[\w.:[\]-]+(?:[/?#]|$)/i.exec(filled);
    const host = schemeAndHost && URL.canParse(filled) ? new URL(filled).hostname : undefined;
    const local = host !== undefined && isLoopback(host);
    // The URL may contain a secret, so no message shows it.
    const problem = host === undefined
      ? "allowed: a URL such as https://api.example.com/orders, without {{…}} in the host and without user name or password"
      : schemeAndHost?.[1]?.toLowerCase() === "http" && !local && !allowPrivate
      ? "allowed: https, unless the host is localhost or allowPrivate is true"
      : !allowPlaceholders && placeholderNames(filled).length > 0
      ? "found {{…}}; allowed: ${TOOL_…} only"
      : filled.includes("#")
      ? "has a fragment, which is never sent; remove it"
      : undefined;
    if (problem !== undefined && !unresolved) onProblem(problem);
    return { url: filled, allowPrivate: allowPrivate || local };
  }

  #headers(path: Path, headers: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => {
        const onProblem = this.#problemAt([...path, "headers", name]);
        const filled = this.#variables.substitute(value, onProblem);
        if (!/^[\t\x20-\x7e]*$/.test(filled)) {
          onProblem("the values of its variables contain characters other than printable ASCII; fix them");
        }
        return [name, filled];
      }),
    );
  }

  #problemAt(path: Path): (text: string) => void {
    return (text) => this.#report.addProblem(path, text);
  }
}

function isLoopback(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}
