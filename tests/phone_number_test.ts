import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  countryCode,
  isAllowedNumber,
  isPremiumRate,
  readDoNotCall,
  readPhoneNumber,
} from "../src/phone_number.ts";

Deno.test("readPhoneNumber() accepts punctuation and requires a country code", () => {
  const same = [
    "+15551230000",
    " +1 (555) 123-0000 ",
    "+1.555.123.0000",
    "+1\u00a0555\u2011123\u20110000",
    "+1/555/1230000",
  ];
  assertEquals(same.map(readPhoneNumber), same.map(() => "+15551230000"));
  const none = [
    "",
    "5551230000",
    "0015551230000",
    "+",
    "+0555",
    "+1555123000a",
    "+1555 #",
    "++1555",
    "+1234567890123456",
  ];
  assertEquals(none.map(readPhoneNumber), none.map(() => undefined));
});

Deno.test("readDoNotCall() accepts comments and rejects lines that are not numbers", () => {
  const list = readDoNotCall(
    "\ufeff# asked not to be called\r\n+1 555 123 0000  # Ann\r\n\r\n+15551230001",
    "no.txt",
  );
  assertEquals([...list], ["+15551230000", "+15551230001"]);
  const wrong = Array.from({ length: 7 }, (_, i) => `555000${i}`).join("\n");
  assertThrows(
    () => readDoNotCall(`+15551230000\n${wrong}`, "no.txt"),
    TypeError,
    'Cannot use "no.txt" as a do-not-call list: not a phone number in line 2: "5550000", line 3: "5550001", line 4: "5550002", line 5: ' +
      '"5550003", line 6: "5550004", and 2 more. Write one number per line, such as +15551230000.',
  );
});

Deno.test("countryCode() tells countries apart", () => {
  // Source: ITU-T E.164, list of assigned country codes.
  const countries: [ours: string, same: string, other: string][] = [
    ["+15551230000", "+14155550123", "+2025550123"],
    ["+79161234567", "+78123456789", "+4912345"],
    ["+493012345", "+4989123", "+48123456"],
    ["+390612345", "+3902123", "+38112345"],
    ["+35312345", "+35398765", "+35412345"],
    ["+85212345678", "+85298765432", "+8613800000000"],
    ["+8613800000000", "+861012345678", "+85212345678"],
    ["+99512345", "+99598765", "+99612345"],
    ["+2712345", "+2798765", "+21212345"],
    ["+21212345", "+21298765", "+21312345"],
  ];
  for (const [ours, same, other] of countries) {
    assertEquals(countryCode(same), countryCode(ours));
    assertNotEquals(countryCode(other), countryCode(ours));
  }
});

Deno.test("isAllowedNumber() compares with the list, which a country of unknown premium-rate numbers needs", () => {
  for (const ours of ["+79161234567", "+85212345678", "+2712345", "+37061234567"]) {
    assertEquals(isAllowedNumber(ours, undefined, ours), false, ours);
    assertEquals(isAllowedNumber(ours, [`${countryCode(ours)}*`], ours), true, ours);
  }
  assertEquals(isAllowedNumber("+88161234", undefined, "client:console"), true, "our number is not known");
  const list = ["+49*", "+15551230000"];
  const numbers = ["+4930111", "+15551230000", "+155512300001", "+1555123"];
  assertEquals(numbers.map((number) => isAllowedNumber(number, list, "+441")), [true, true, false, false]);
});

/** Ordinary numbers, each followed by dearer ones of its country. Source: the countries' numbering plans. */
const ORDINARY_AND_DEARER: readonly (readonly [string, ...string[]])[] = [
  ["+15551230000", "+15005550006", "+17005550123", "+15225550123"],
  ["+442071234567", "+447624123456", "+447781123456", "+447797123456", "+441534123456"],
  ["+493012345", "+4970012345", "+4918012345", "+491371234567"],
  ["+4915112345678"],
  ["+4312345678", "+43810123456", "+43900123456"],
  ["+41441234567", "+41900123456", "+41840123456"],
  ["+48221234567", "+48700123456", "+48703123456"],
  ["+48741234567"],
  ["+46812345678", "+469001234567", "+469391234567", "+46991234567"],
  ["+46901234567"],
  ["+35315901234", "+3531590123456", "+353818123456"],
  ["+351212345678", "+351601123456", "+351760123456", "+351707123456"],
  ["+358401234567", "+35860012345", "+35870012345"],
  ["+4722123456", "+4782012345", "+4781512345"],
  ["+4580123456", "+4590123456"],
  ["+33123456789", "+33891234567"],
  ["+390612345678", "+39899123456", "+39892123"],
  ["+31201234567", "+319001234567", "+31841234567"],
  ["+3221234567", "+3290112345"],
  ["+61291234567", "+611900123456"],
];

/**
 * Example numbers per country: fixed line and mobile; then premium rate, shared cost, personal numbers and pagers.
 * Source: libphonenumber, resources/PhoneNumberMetadata.xml of 2026-07-17, exampleNumber
 */
const EXAMPLES: readonly (readonly [ordinary: readonly string[], dearer: readonly string[]])[] = [
  [["+12015550123"], ["+19002345678", "+15002345678", "+15219023456", "+16332345678"]],
  [["+31101234567", "+31612345678"], ["+319061234", "+31662345678"]],
  [["+3212345678", "+32450001234"], ["+3290012345", "+3278791234"]],
  [["+33123456789", "+33612345678"], ["+33891123456", "+33884012345"]],
  [["+34810123456", "+34612345678"], ["+34803123456", "+34901123456", "+34701234567"]],
  [["+351212345678", "+351912345678"], ["+351760123456", "+351808123456", "+351884123456", "+351622212345"]],
  [["+3532212345", "+353850123456"], ["+3531520123456", "+3531850123456", "+353700123456"]],
  [["+358131234567", "+358412345678"], ["+358600123456"]],
  [["+390212345678", "+393123456789"], ["+39899123456", "+39848123456", "+391781234567", "+390878123"]],
  [["+41212345678", "+41781234567"], ["+41900123456", "+41840123456", "+41878123456", "+41740123456"]],
  [["+431234567890", "+43664123456"], ["+43900123456", "+43810123456", "+43862123456"]],
  [["+441212345678", "+447400123456"], ["+449012345678", "+447012345678", "+447640123456"]],
  [["+441212345678"], [
    "+441481256789",
    "+447781123456",
    "+441534456789",
    "+447797712345",
    "+441624756789",
    "+447924123456",
  ]],
  [["+4532123456", "+4534412345"], ["+4590123456"]],
  [["+468123456", "+46701234567"], [
    "+469001234567",
    "+46771234567",
    "+46751234567",
    "+46740123456",
    "+46649123456",
  ]],
  [["+4721234567", "+4740612345"], ["+4782012345", "+4781021234", "+4788012345"]],
  [["+48123456789", "+48512345678"], ["+48701234567", "+48801234567", "+48641234567"]],
  [["+4930123456", "+4915123456789"], ["+499001234567", "+4918012345", "+4970012345678", "+4916412345"]],
  [["+61212345678", "+61412345678"], ["+611900123456", "+611300123456", "+611631234"]],
];

Deno.test("isPremiumRate() agrees with the example numbers of libphonenumber", () => {
  for (const [ordinary, dearer] of EXAMPLES) {
    for (const number of ordinary) assertEquals(isPremiumRate(number), false, number);
    for (const number of dearer) assertEquals(isPremiumRate(number), true, number);
  }
});

Deno.test("isAllowedNumber() excludes premium-rate numbers and the islands of +1 unless they are listed", () => {
  const cases: (readonly [ours: string, number: string, allowed: boolean])[] = [
    ["+15551230000", "+16475550123", true], // Canada
    ["+15551230000", "+18005550123", true],
    ["+15551230000", "+19005550123", false],
    ["+15551230000", "+19765550123", false],
    ["+15551230000", "+12129765555", false],
    ["+15551230000", "+18765550123", false], // Jamaica
    ["+15551230000", "+18095550123", false], // Dominican Republic
    ["+15551230000", "+16845550123", false], // American Samoa
    ["+18765550123", "+16585550123", true], // both are Jamaica's
    ["+18765550123", "+15551230000", false],
    ["+442071234567", "+447400123456", true],
    ["+442071234567", "+449098790000", false],
    ["+442071234567", "+447012345678", false],
    ["+493012345", "+4990012345", false],
    ["+34912345678", "+34806123456", false],
    ...ORDINARY_AND_DEARER.flatMap(([ordinary, ...dearer]) => [
      [ordinary, ordinary, true] as const,
      ...dearer.map((number) => [ordinary, number, false] as const),
    ]),
  ];
  for (const [ours, number, allowed] of cases) {
    assertEquals(isAllowedNumber(number, undefined, ours), allowed, `${ours} calls ${number}`);
  }
  assertEquals(isAllowedNumber("+19005550123", ["+1*"], "+15551230000"), true, "the operator asked for it");
});
