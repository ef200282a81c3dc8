import { assertEquals } from "@std/assert";

/** Loads the module with a storage and an address, and chooses Spanish. */
async function loadLocale(storage: () => unknown, search: string) {
  const before = ["localStorage", "location"].map((name) =>
    [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
  );
  const location = { search, reloaded: 0, reload: () => location.reloaded++ };
  Object.defineProperty(globalThis, "localStorage", { get: storage, configurable: true });
  Object.defineProperty(globalThis, "location", { value: location, configurable: true });
  try {
    const file = new URL(`../../src/console/locale.js?${crypto.randomUUID()}`, import.meta.url);
    const { language, chooseLanguage } = await import(file.href);
    chooseLanguage("es");
    return { language, search: String(location.search), reloaded: location.reloaded };
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
}

Deno.test("chooseLanguage() stores the language, or puts it in the address without storage", async () => {
  const stored = new Map([["parley-language", "es"]]);
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
  };
  assertEquals(await loadLocale(() => storage, ""), { language: "es", search: "", reloaded: 1 });
  const denied = () => {
    throw new DOMException("denied", "SecurityError");
  };
  assertEquals(await loadLocale(denied, ""), { language: "en", search: "parley-language=es", reloaded: 0 });
  assertEquals((await loadLocale(denied, "?parley-language=es")).language, "es");
  assertEquals((await loadLocale(denied, "?parley-language=constructor")).language, "en");
});
