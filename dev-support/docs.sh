#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Writes docs/generated/: the operations of the dialects, the passes and the flags, out of what was built.
set -euo pipefail
build=$1 out=docs/generated
mkdir -p "$out"
include=(-I include -I "$(llvm-config-22 --includedir)")
for dialect in tz plan tile; do
  room=${dialect^}
  td=include/terrazzo/Dialect/$room/${room}Ops.td
  [[ -e $td ]] || continue
  mlir-tblgen-22 -gen-dialect-doc -dialect="$dialect" "${include[@]}" "$td" >"$out/$dialect.md" 2>/dev/null ||
    { rm -f "$out/$dialect.md"; echo "[dev] no page for the dialect $dialect" >&2; }
done
for td in $(find include/terrazzo -name '*Passes.td'); do
  mlir-tblgen-22 -gen-pass-doc "${include[@]}" "$td" >"$out/passes-$(basename "$(dirname "$td")").md"
done
{
  echo '# Flags'
  for verb in run bench eval tokenize detokenize chat-template compile check inspect explain targets cache doctor; do
    printf '\n## terrazzo %s\n\n```\n' "$verb"
    "$build/bin/terrazzo" "$verb" --help
    echo '```'
  done
} >"$out/flags.md"
echo "[dev] written: $(ls "$out" | tr '\n' ' ')" >&2
