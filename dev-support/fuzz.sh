#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Fuzzes the readers of untrusted files with address and undefined-behaviour sanitizers: fuzz.sh [SECONDS].
# What is found stays in .cache/fuzz/NAME; a crash fails and names its input.
set -euo pipefail
seconds=${1:-60}
[[ -e build-fuzz/build.ninja ]] || cmake --preset fuzz >/dev/null
ninja -C build-fuzz fuzzers
for fuzzer in build-fuzz/bin/fuzz-*; do
  name=$(basename "$fuzzer")
  mkdir -p ".cache/fuzz/$name"
  echo "[dev] $name for $seconds s" >&2
  "$fuzzer" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix=".cache/fuzz/$name-" ".cache/fuzz/$name" 2>&1 | tail -n 12
done
