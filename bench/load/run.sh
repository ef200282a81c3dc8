#!/bin/sh
# Builds the load bench and runs it against Parley, pinned to one core. Arguments are passed to the bench:
#
#     bench/load/run.sh --levels 50,100,200 --bisect 0 --scenarios ramp --no-burst     added delay
#     bench/load/run.sh --scenarios storm,barge                                        first words, barge-in
#
# One process plays OpenAI and all callers, on one clock. See bench/README.md and the bench's --help.
# Under bench/round_trip/run.sh, MODEL_HOST=10.99.0.2 adds a round trip of 40 ms to the model.
set -eu
cd "$(dirname "$0")/../.."
bench=${TMPDIR:-/tmp}/parley-vbench
[ "$bench" -nt bench/load/vbench.cpp ] || g++ -std=c++20 -O2 -march=native -o "$bench" bench/load/vbench.cpp
flags=$(deno task -q packages)
exec "$bench" --name parley --cwd "$PWD" --port 5070 --openai-any \
  --cmd "deno run --quiet $flags -P --no-prompt main.ts serve" \
  --env PORT=5070 --env OPENAI_API_KEY=sk-bench --env GREETING= --env LOG_LEVEL=warn \
  --env "OPENAI_REALTIME_URL=ws://${MODEL_HOST:-127.0.0.1}:9100/v1/realtime" "$@"
