import { assertEquals } from "@std/assert";
import { permissionsFor } from "../../src/app/permissions.ts";
import { configOf } from "../support/service.ts";

Deno.test("permissionsFor() grants only what the settings need", () => {
  assertEquals(permissionsFor(configOf(), undefined), {
    net: ["127.0.0.1:5050", "api.openai.com:443", "api.twilio.com:443"],
    read: ["./data"],
    write: ["./data"],
  });
  const config = configOf({
    HOST: "::",
    PORT: "8443",
    OPENAI_REALTIME_URL: "ws://model.internal:9100/v1/realtime",
    TWILIO_API_URL: "http://twilio.internal",
    TLS_CERT_FILE: "/etc/parley/cert.pem",
    TLS_KEY_FILE: "/etc/parley/key.pem",
    DATA_DIR: "/var/lib/parley",
  });
  assertEquals(permissionsFor(config, undefined), {
    net: ["[::]:8443", "model.internal:9100", "twilio.internal:80"],
    read: ["/etc/parley/cert.pem", "/etc/parley/key.pem", "/var/lib/parley"],
    write: ["/var/lib/parley"],
  });
});

Deno.test("permissionsFor() grants the port of the stand-in model and each port to listen on", () => {
  const ports = { port: 40_001, backendPorts: [40_002, 40_003] };
  const { net } = permissionsFor(configOf({ PORT: "0" }), "ws://127.0.0.1:40000/v1/realtime", ports);
  assertEquals(net, [
    "127.0.0.1:40001",
    "127.0.0.1:40000",
    "api.twilio.com:443",
    "127.0.0.1:40002",
    "127.0.0.1:40003",
  ]);
});

Deno.test("permissionsFor() grants the hosts of tools and webhooks, but not of MCP servers", () => {
  const config = configOf({ WEBHOOK_SECRET: "a secret of 24 characters" }, {
    tools: {
      order: {
        description: "Finds an order",
        parameters: { type: "object", properties: { order: { type: "string" } }, required: ["order"] },
        url: "https://shop.example.com:8443/orders/{{order}}",
      },
    },
    mcpServers: { calendar: { url: "https://mcp.example.com", allowedTools: ["book"], approval: "never" } },
    afterCall: { url: "https://crm.example.com/calls" },
    assistants: {
      reception: { variables: { url: "http://facts.internal/caller", allowPrivate: true } },
    },
  });
  assertEquals(permissionsFor(config, undefined).net.slice(3), [
    "shop.example.com:8443",
    "crm.example.com:443",
    "facts.internal:80",
  ]);
});
