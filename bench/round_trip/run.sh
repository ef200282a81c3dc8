#!/bin/sh
# Runs a command for which 10.99.0.2 is this machine with a round trip of 40 ms.
#
#     sudo bench/round_trip/run.sh deno run -A bench/model_socket.ts --host 10.99.0.2
#
# Needs Linux, root, gcc, iproute2 and /dev/net/tun. Runs in its own network namespace and leaves the machine's network
# unchanged. ROUND_TRIP_MS sets another delay. Servers must listen on 0.0.0.0. delay_tun.c describes how it works.
set -eu

if [ "${IN_SLOW_NAMESPACE:-}" != yes ]; then
  build=$(mktemp -d)
  trap 'rm -rf "$build"' EXIT
  gcc -O2 -Wall -Wextra -o "$build/delay_tun" "$(dirname "$0")/delay_tun.c"
  IN_SLOW_NAMESPACE=yes DELAY_TUN="$build/delay_tun" unshare --net "$0" "$@"
  exit
fi

"$DELAY_TUN" "$(awk "BEGIN { print ${ROUND_TRIP_MS:-40} / 2 }")" &
line=$!
trap 'kill "$line"' EXIT
until ip link show slow0 > /dev/null 2>&1; do sleep 0.05; done
ip link set lo up
ip address add 10.99.0.1/24 dev slow0
ip link set slow0 up txqueuelen 5000
"$@"
