import { BlockList, isIP } from "node:net";
import { isLoopbackHost } from "../loopback_host.ts";

/** Proxies in front of the service. `X-Forwarded-For` is trusted only from these addresses. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /**
   * @param networks IPv4 and IPv6 addresses, or networks such as `10.0.0.0/8` and `fd00::/8`.
   * @throws {RangeError} when an entry is neither; the message names it.
   */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [, address = "", bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network) ?? [];
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      try {
        if (bits === undefined) this.#list.addAddress(address, family);
        else this.#list.addSubnet(address, Number(bits), family);
      } catch {
        throw new RangeError(
          `TRUSTED_PROXIES: found "${network}"; allowed: addresses such as 127.0.0.1 or networks such as 10.0.0.0/8`,
        );
      }
    }
  }

  includes(address: string): boolean {
    return contains(this.#list, address);
  }
}

/**
 * Returns the client's IP address in canonical form: the peer's own, or, behind trusted proxies, the
 * right-most `X-Forwarded-For` entry that is not a trusted proxy. The client can forge everything to the left
 * of that entry. The search stops at the first entry, from the right, that is not an IP address, and after 10
 * entries.
 *
 * Source: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For#selecting_an_ip_address
 *
 * @param remoteAddress The peer's address, from the socket.
 */
export function clientAddress(request: Request, remoteAddress: string, proxies: TrustedProxies): string {
  let address = canonicalAddress(remoteAddress);
  if (!proxies.includes(address)) return address;
  for (const forwarded of [...forwardedFor(request)].slice(0, MAX_FORWARDED)) {
    if (forwarded === undefined) break;
    address = forwarded;
    if (!proxies.includes(address)) break;
  }
  return address;
}

/**
 * Whether a request was made on this machine, for this machine. Three conditions:
 *
 * - The peer is a loopback address.
 * - No forwarding header is present, because proxies and tunnels on this machine connect from loopback too.
 *   The exception is a trusted proxy whose `X-Forwarded-For` names loopback addresses only.
 * - The host name in the request is a loopback name. With DNS rebinding a web page points its own name at
 *   127.0.0.1, but the browser still sends that name.
 *
 * A proxy on this machine that adds no header and sends `Host: 127.0.0.1` cannot be detected.
 */
export function isFromThisMachine(request: Request, remoteAddress: string, proxies: TrustedProxies): boolean {
  if (!isLoopback(remoteAddress) || !isLoopbackHost(requestHost(request))) return false;
  if (![...request.headers.keys()].some((name) => FORWARDING.test(name))) return true;
  if (!proxies.includes(remoteAddress)) return false;
  const forwarded = [...forwardedFor(request)];
  return forwarded.length > 0 && forwarded.length <= MAX_FORWARDED &&
    forwarded.every((address) => address !== undefined && isLoopback(address));
}

/** Headers that proxies and tunnels add. */
const FORWARDING = /^(forwarded|via|x-forwarded-.+|x-real-ip|cf-connecting-ip)$/;

/** The host and port of the request. HTTP/2 has no `Host` header. */
export function requestHost(request: Request): string {
  return request.headers.get("host") ?? new URL(request.url).host;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

function isLoopback(address: string): boolean {
  return contains(LOOPBACK, address);
}

function contains(list: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? "ipv6" : "ipv4");
}

/** Maximum number of entries of `X-Forwarded-For` that are read: anybody can send a header with thousands. */
const MAX_FORWARDED = 10;
/** The longest IP address with zone, brackets and port is shorter. */
const MAX_ENTRY_LENGTH = 100;

/**
 * The last entries of `X-Forwarded-For`, from the right: the client is last. Undefined for an entry that is
 * not an IP address. Gives one more than `MAX_FORWARDED` when there are more.
 */
function* forwardedFor(request: Request): Generator<string | undefined> {
  const header = request.headers.get("x-forwarded-for");
  if (header === null) return;
  let end = header.length;
  for (let count = 0; count <= MAX_FORWARDED && end >= 0; count++) {
    const comma = end === 0 ? -1 : header.lastIndexOf(",", end - 1);
    yield readEntry(header.slice(comma + 1, end));
    end = comma;
  }
}

function readEntry(entry: string): string | undefined {
  if (entry.length > MAX_ENTRY_LENGTH) return undefined;
  // Some proxies add the port: 203.0.113.7:51000, [2001:db8::7]:51000.
  const [, inBrackets, withPort] = /^(?:\[(.+)\](?::\d+)?|([\d.]+):\d+)$/.exec(entry.trim()) ?? [];
  const address = inBrackets ?? withPort ?? entry.trim();
  return isIP(address) === 0 ? undefined : canonicalAddress(address);
}

/**
 * The canonical form of an address: IPv6 compressed, IPv4-mapped IPv6 as IPv4. Other text is returned
 * unchanged.
 */
function canonicalAddress(address: string): string {
  const [withoutZone = ""] = address.split("%");
  if (isIP(withoutZone) !== 6) return address;
  const shortest = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(shortest) ?? [];
  if (high === undefined || low === undefined) return shortest;
  const [a, b] = [parseInt(high, 16), parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join(".");
}

/** The /64 network of an IPv6 address (a subscriber usually has all of it); an IPv4 address unchanged. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [left = "", right = ""] = address.split("::");
  const head = left.split(":");
  const zeros = 8 - head.length - right.split(":").length;
  return [...head, ...Array<string>(Math.max(0, zeros)).fill("0"), ...right.split(":")].slice(0, 4).join(":");
}
