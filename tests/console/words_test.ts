import { assertEquals } from "@std/assert";

/** The page's words as a browser has them that keeps this, or nothing, and shows this address. */
async function words(storage: () => unknown, search: string) {
  const before = ["localStorage", "location"].map((name) =>
    [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
  );
  const location = { search, reloaded: 0, reload: () => location.reloaded++ };
  Object.defineProperty(globalThis, "localStorage", { get: storage, configurable: true });
  Object.defineProperty(globalThis, "location", { value: location, configurable: true });
  try {
    const file = new URL(`../../src/console/words.js?${crypto.randomUUID()}`, import.meta.url);
    const { language, choose } = await import(file.href);
    choose("es");
    return { language, search: String(location.search), reloaded: location.reloaded };
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
}

Deno.test("the language a reader chose is kept by the browser, or stands in the address where it may keep nothing", async () => {
  const kept = new Map([["parley-language", "es"]]);
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  };
  assertEquals(await words(() => storage, ""), { language: "es", search: "", reloaded: 1 });
  const denied = () => {
    throw new DOMException("denied", "SecurityError");
  };
  assertEquals(await words(denied, ""), { language: "en", search: "parley-language=es", reloaded: 0 });
  assertEquals((await words(denied, "?parley-language=es")).language, "es");
  assertEquals((await words(denied, "?parley-language=constructor")).language, "en");
});
