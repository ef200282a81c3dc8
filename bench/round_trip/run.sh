#!/bin/sh
# Runs a command where 10.99.0.2 is this very machine, a real 40 ms round trip away.
#
#     sudo bench/round_trip/run.sh deno run -A bench/model_socket.ts --host 10.99.0.2
#
# It needs Linux, root, gcc, iproute2 and /dev/net/tun. Everything happens in a network namespace of its own, which is
# gone with the command; nothing of the machine's own network is touched. ROUND_TRIP_MS sets another delay.
# Servers have to listen on 0.0.0.0. How it works: delay_tun.c.
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
