import { assertEquals } from "@std/assert";
import { CarrierPrices } from "../../src/calls/carrier_prices.ts";
import { carrierPrices } from "../../src/config/setting_types.ts";
import { parseObject } from "../../src/json.ts";
import { createLog } from "../../src/telemetry/log.ts";

/** A British freephone number. */
const HIGHEST_IN = 0.0798;
const HIGHEST_OUT = 0.185;

function prices(own = "") {
  const lines: unknown[] = [];
  const log = createLog({
    level: "warn",
    format: "json",
    write: (line) => lines.push(parseObject(line)?.leg),
  });
  return { prices: new CarrierPrices(carrierPrices.parse(own), log), lines };
}

Deno.test("CarrierPrices prices a leg by its direction and the longest listed prefix", () => {
  const cases: [direction: "in" | "out", number: string, usd: number][] = [
    ["in", "+15559870000", 0.0085],
    ["in", "+18445550123", 0.022],
    ["in", "+442071234567", 0.01],
    ["in", "+448001234567", 0.0798],
    ["in", "+61412345678", 0.05],
    ["in", "sip:ann@example.com", 0.004],
    ["in", "client:ann", 0.004],
    ["out", "+14155550123", 0.014],
    ["out", "+442071234567", 0.0158],
    ["out", "+447400123456", 0.0305],
    ["out", "+493012345", 0.0283],
    ["out", "+4915112345678", 0.042],
  ];
  const { prices: list, lines } = prices();
  for (const [direction, number, usd] of cases) {
    assertEquals(list.leg(direction, number), usd, `${direction} ${number}`);
  }
  assertEquals([list.stream, list.machineDetection, lines.length], [0.0044, 0.0075, 0]);
});

Deno.test("CarrierPrices counts a leg without a listed price at the highest one, and logs each country once", () => {
  const numbers = [
    "+35312345678",
    "+35398765432",
    "+18765550123", // Jamaica
    "+19005550123", // premium rate
    "+449098790000", // premium rate
    "+19075550123", // Alaska
    "+31612345678", // Dutch mobile
    "anonymous",
    "",
  ];
  const { prices: list, lines } = prices();
  assertEquals(numbers.map((number) => list.leg("out", number)), numbers.map(() => HIGHEST_OUT));
  for (const number of ["+35312345678", "+498001234567"]) assertEquals(list.leg("in", number), HIGHEST_IN);
  assertEquals(lines, ["out+353", "out+1876", "out+1", "out+44", "out+31", "out", "in+353", "in+49"]);
});

Deno.test("CarrierPrices takes the operator's price for all numbers with its prefix", () => {
  const { prices: own } = prices("in=0.001, out+1=0.01, out+1876=0.3, out+353 = 0.04, stream=0, amd=0.01");
  assertEquals(
    ["+15559870000", "+442071234567", "+35312345678"].map((number) => own.leg("in", number)),
    [0.001, 0.001, 0.001],
  );
  assertEquals(
    ["+14155550123", "+18765550123", "+35312345678", "+442071234567"].map((number) => own.leg("out", number)),
    [0.01, 0.3, 0.04, 0.0158],
  );
  assertEquals(
    own.leg("out", "+19005550123"),
    0.3,
    "a country's price is not that of its premium-rate numbers",
  );
  assertEquals([own.stream, own.machineDetection], [0, 0.01]);
  assertEquals(prices("out=0").prices.leg("out", "+19005550123"), 0);
});

Deno.test("CARRIER_PRICES rejects values that are not prices", () => {
  const wrong = ["in", "in=", "in=-1", "in+1=free", "transfer=1", "in+1=0.01 out+1=0.02", "1=1", "in+1=1e3"];
  assertEquals(wrong.map((text) => carrierPrices.safeParse(text).success), wrong.map(() => false));
  assertEquals([...carrierPrices.parse(" , ") ?? []], []);
});
