import { assertEquals } from "@std/assert";
import { permissionsFor } from "../../src/app/permissions.ts";
import { configOf } from "../support/service.ts";

Deno.test("permissionsFor() names the least the service needs", () => {
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
    net: ["[::]:8443", "model.internal:9100", "twilio.internal:80", "127.0.0.1"],
    read: ["/etc/parley/cert.pem", "/etc/parley/key.pem", "/var/lib/parley"],
    write: ["/var/lib/parley"],
  });
});

Deno.test("permissionsFor() lets the stand-in model be dialled, and listens where the system chooses", () => {
  const { net } = permissionsFor(configOf({ PORT: "0" }), "ws://127.0.0.1:40000/v1/realtime");
  assertEquals(net, ["127.0.0.1", "127.0.0.1:40000", "api.twilio.com:443"]);
});

Deno.test("permissionsFor() lets what the assistants ask and tell be reached, and no more", () => {
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
