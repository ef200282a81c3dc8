/** Handles one connection, which is closed afterwards. */
export type Behaviour = (connection: RawConnection) => Promise<void> | void;

/** A loopback server that sends exactly the bytes of a test, valid or not. */
export class RawHttpServer implements AsyncDisposable {
  /** All connections, in order. */
  readonly connections: RawConnection[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #work: Promise<void>;

  constructor(behaviour: Behaviour) {
    this.#work = this.#serve(behaviour);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  url(path = "/"): URL {
    return new URL(path, `http://127.0.0.1:${this.port}`);
  }

  async #serve(behaviour: Behaviour): Promise<void> {
    const behaviours: Promise<void>[] = [];
    for await (const conn of this.#listener) {
      const connection = new RawConnection(conn);
      this.connections.push(connection);
      behaviours.push(connection.behave(behaviour));
    }
    await Promise.all(behaviours);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.connections) connection.close();
    await this.#work;
  }
}

/** The server's side of one connection. */
export class RawConnection {
  /** All received text. */
  received = "";
  readonly #conn: Deno.TcpConn;
  readonly #ended = Promise.withResolvers<void>();

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Resolves when either side has closed the connection. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async behave(behaviour: Behaviour): Promise<void> {
    try {
      await behaviour(this);
    } catch (error) {
      // The client disconnected or the test has ended.
      const { BrokenPipe, ConnectionReset, BadResource, Interrupted } = Deno.errors;
      const expected = [BrokenPipe, ConnectionReset, BadResource, Interrupted];
      if (!expected.some((kind) => error instanceof kind)) throw error;
    } finally {
      this.close();
    }
  }

  /** Reads one request with its body. */
  async request(): Promise<string> {
    const complete = () => {
      const [head, body] = this.received.split("\r\n\r\n");
      return body !== undefined &&
        body.length >= Number(/^content-length: (\d+)$/m.exec(head ?? "")?.[1] ?? 0);
    };
    while (!complete() && await this.#read());
    return this.received;
  }

  /** Reads until the client disconnects. */
  async drained(): Promise<void> {
    while (await this.#read());
  }

  async write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let sent = 0; sent < bytes.length;) sent += await this.#conn.write(bytes.subarray(sent));
  }

  close(): void {
    try {
      this.#conn.close();
    } catch {
      // Already closed.
    }
    this.#ended.resolve();
  }

  async #read(): Promise<boolean> {
    const bytes = new Uint8Array(65536);
    const count = await this.#conn.read(bytes);
    if (count !== null) this.received += new TextDecoder().decode(bytes.subarray(0, count));
    return count !== null;
  }
}

/** Sends these responses in turn, repeating the last. */
export function respondWith(...responses: string[]): Behaviour {
  let next = 0;
  return async (connection) => {
    await connection.request();
    await connection.write(responses[Math.min(next++, responses.length - 1)] ?? "");
  };
}

/** A valid HTTP response. */
export function httpResponse(
  { status = 200, type = "application/json", headers = "", body = "" }: {
    status?: number;
    type?: string;
    headers?: string;
    body?: string;
  } = {},
): string {
  const length = new TextEncoder().encode(body).length;
  return `HTTP/1.1 ${status} X\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n${headers}\r\n${body}`;
}
