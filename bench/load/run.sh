#!/bin/sh
# Builds the load bench and runs it against Parley, pinned to one core. Arguments go to the bench:
#
#     bench/load/run.sh --levels 50,100,200 --bisect 0 --scenarios ramp --no-burst     added delay
#     bench/load/run.sh --scenarios storm,barge                                        first words, barge-in
#
# It plays OpenAI and every caller in one process on one clock; vbench.cpp's own --help and bench/README.md say more.
# MODEL_HOST=10.99.0.2 within bench/round_trip/run.sh puts a 40 ms round trip before the model.
set -eu
cd "$(dirname "$0")/../.."
bench=${TMPDIR:-/tmp}/parley-vbench
[ "$bench" -nt bench/load/vbench.cpp ] || g++ -std=c++20 -O2 -march=native -o "$bench" bench/load/vbench.cpp
permissions=$(sed -n "s/.*\(--no-prompt .*\) main.ts serve\".*/\1/p" deno.json | head -1 | tr -d "'")
flags=$(deno run -q --no-config --no-lock --allow-net --allow-env=JSR_URL .mirror/flags.ts)
exec "$bench" --name parley --cwd "$PWD" --port 5070 --openai-any \
  --cmd "deno run --quiet $flags $permissions main.ts serve" \
  --env PORT=5070 --env OPENAI_API_KEY=sk-bench --env GREETING= --env LOG_LEVEL=warn \
  --env "OPENAI_REALTIME_URL=ws://${MODEL_HOST:-127.0.0.1}:9100/v1/realtime" "$@"
