import { assertEquals } from "@std/assert";

/** An EventSource without a network. */
class FakeEventSource extends EventTarget {
  static readonly CLOSED = 2;
  static all: FakeEventSource[] = [];
  readyState = 1;
  onopen?: () => void;
  onerror?: () => Promise<void>;

  constructor(readonly url: string) {
    super();
    FakeEventSource.all.push(this);
  }

  close(): void {
    this.readyState = FakeEventSource.CLOSED;
  }

  static get open(): number {
    return FakeEventSource.all.filter(({ readyState }) => readyState === 1).length;
  }
}

Deno.test("subscribe() holds one connection while the page is visible, none while it is hidden", async () => {
  const page = Object.assign(new EventTarget(), { hidden: false });
  Object.assign(globalThis, { document: page, EventSource: FakeEventSource });
  try {
    const { subscribe } = await import("../../../src/console/live/live_events.js");
    const states: string[] = [];
    const received: unknown[] = [];
    const unsubscribe = subscribe<{ call: unknown }>(
      "events",
      { call: (data) => received.push(data) },
      (state) => states.push(state),
      () => Promise.resolve(true),
    );
    const setVisible = (visible: boolean) => {
      page.hidden = !visible;
      page.dispatchEvent(new Event("visibilitychange"));
    };
    const { all } = FakeEventSource;
    assertEquals([FakeEventSource.open, all[0]?.url], [1, "../api/events"]);
    all[0]?.dispatchEvent(new MessageEvent("call", { data: '{"a":1}' }));
    setVisible(false);
    assertEquals(FakeEventSource.open, 0);
    setVisible(true);
    assertEquals([FakeEventSource.open, all.length], [1, 2]);
    // A connection that was replaced does not reconnect.
    await all[0]?.onerror?.();
    setVisible(true);
    unsubscribe();
    setVisible(true);
    assertEquals([FakeEventSource.open, all.length, received, states], [0, 3, [{ a: 1 }], ["lost"]]);
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
});
