import { assertEquals } from "@std/assert";

/** A stream of events that a test breaks. */
class Source extends EventTarget {
  static readonly CLOSED = 2;
  static all: Source[] = [];
  readyState = 1;
  onopen?: () => void;
  onerror?: (event: { target: Source }) => Promise<void>;

  constructor(readonly url: string) {
    super();
    Source.all.push(this);
  }

  close(): void {
    this.readyState = Source.CLOSED;
  }

  static get open(): number {
    return Source.all.filter(({ readyState }) => readyState === 1).length;
  }
}

Deno.test("a page asks for events only while it is seen, and once", async () => {
  const page = Object.assign(new EventTarget(), { hidden: false });
  Object.assign(globalThis, { document: page, EventSource: Source });
  try {
    const { follow } = await import("../../../src/console/live/source.js");
    const told: string[] = [];
    const got: unknown[] = [];
    const end = follow(
      "events",
      { call: (data: unknown) => got.push(data) },
      (how: string) => told.push(how),
      () => {
        return Promise.resolve(true);
      },
    );
    const see = (seen: boolean) => {
      page.hidden = !seen;
      page.dispatchEvent(new Event("visibilitychange"));
    };
    assertEquals([Source.open, Source.all[0]?.url], [1, "../api/events"]);
    Source.all[0]?.dispatchEvent(new MessageEvent("call", { data: '{"a":1}' }));
    see(false);
    assertEquals(Source.open, 0);
    see(true);
    assertEquals([Source.open, Source.all.length], [1, 2]);
    // One that was replaced and is refused only now is not asked for again.
    await Source.all[0]?.onerror?.({ target: Source.all[0] });
    see(true);
    end();
    see(true);
    assertEquals([Source.open, Source.all.length, got, told], [0, 3, [{ a: 1 }], ["lost"]]);
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
});
