import { BlockList, isIP } from "node:net";

/** The proxies in front of the service, whose word on who asks is believed. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /**
   * @param networks IPv4 and IPv6 addresses, or networks such as `10.0.0.0/8` and `fd00::/8`.
   * @throws {RangeError} naming the one that is neither.
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
 * The address a request comes from, in its shortest spelling: the peer's, or, when that is a trusted proxy, the
 * right-most in `X-Forwarded-For` that is not. Whatever stands left of it may be the client's invention. An entry that is
 * no address ends the search at the last one that was.
 *
 * Source: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For#selecting_an_ip_address
 *
 * @param remoteAddress The peer's, as the socket knows it.
 */
export function clientAddress(request: Request, remoteAddress: string, proxies: TrustedProxies): string {
  let address = canonical(remoteAddress);
  for (const named of forwardedFor(request).reverse()) {
    if (named === undefined || !proxies.includes(address)) break;
    address = named;
  }
  return address;
}

/**
 * Whether a request was made on this machine, by someone who meant this machine. Programs that forward strangers here
 * connect from loopback too, so nothing may say that it was forwarded, unless a trusted proxy says that it comes from
 * loopback as well. And the name asked for must be a loopback one: a web page can let a name of its own point at 127.0.0.1
 * ("DNS rebinding"), but the browser still asks for it by that name.
 *
 * It cannot see through a proxy on this machine that hides itself: one that adds no header and asks for `127.0.0.1`.
 */
export function isLocal(request: Request, remoteAddress: string, proxies: TrustedProxies): boolean {
  if (!isLoopback(remoteAddress) || !isLoopbackHost(hostOf(request))) return false;
  if (![...request.headers.keys()].some((name) => FORWARDING.test(name))) return true;
  const named = forwardedFor(request);
  return proxies.includes(remoteAddress) && named.length > 0 &&
    named.every((address) => address !== undefined && isLoopback(address));
}

/** Headers by which proxies and tunnels say that they forward. */
const FORWARDING = /^(forwarded|via|x-forwarded-.+|x-real-ip|cf-connecting-ip)$/;

/** The host and port a request asks for. HTTP/2 has no `Host`. */
export function hostOf(request: Request): string {
  return request.headers.get("host") ?? new URL(request.url).host;
}

/** Whether a host, with or without a port, is this machine's own by name. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
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

/** The entries of `X-Forwarded-For`, from the client to the last proxy; undefined where one is no address. */
function forwardedFor(request: Request): (string | undefined)[] {
  const header = request.headers.get("x-forwarded-for");
  if (header === null) return [];
  return header.split(",").map((entry) => {
    // Some proxies add the port: 203.0.113.7:51000, [2001:db8::7]:51000.
    const [, inBrackets, withPort] = /^(?:\[(.+)\](?::\d+)?|([\d.]+):\d+)$/.exec(entry.trim()) ?? [];
    const address = inBrackets ?? withPort ?? entry.trim();
    return isIP(address) === 0 ? undefined : canonical(address);
  });
}

/** One spelling for each address, and IPv4 for what is IPv4 mapped into IPv6. What is no address stays as it is. */
function canonical(address: string): string {
  const [withoutZone = ""] = address.split("%");
  if (isIP(withoutZone) !== 6) return address;
  const shortest = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(shortest) ?? [];
  if (high === undefined || low === undefined) return shortest;
  const [a, b] = [parseInt(high, 16), parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join(".");
}
