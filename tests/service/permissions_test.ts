import { assertEquals } from "@std/assert";
import { permissionsFor } from "../../src/service/permissions.ts";
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
