#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs the engines that ./dev bench compares with, built for this machine, into .venv-bench:
#   llama.cpp      llama-cpp-python, compiled here with GGML_NATIVE
#   ik_llama.cpp   ik-llama-cpp-python, and its two libraries compiled here from its source distribution (the wheel's
#                  are portable AVX2); they lie in .venv-bench/ik-native and are used through IK_LLAMA_CPP_LIB_PATH
# About 15 minutes on two cores. JOBS=n bounds the compilers that run at once.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD venv=$PWD/.venv-bench
export CMAKE_BUILD_PARALLEL_LEVEL=${JOBS:-$(nproc)}
say() { printf '[rivals] %s\n' "$*" >&2; }

[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/pip" install -q --disable-pip-version-check numpy cmake ninja

if ! "$venv/bin/python" -c 'import llama_cpp' 2>/dev/null; then
  say "llama.cpp: compiling llama-cpp-python 0.3.36 (about 6 minutes on two cores) ..."
  CMAKE_ARGS="-DGGML_NATIVE=ON" "$venv/bin/pip" install -q --no-binary llama-cpp-python llama-cpp-python==0.3.36
fi

if [[ ! -e $venv/ik-native/libllama.so ]]; then
  say "ik_llama.cpp: compiling its libraries (about 8 minutes on two cores) ..."
  "$venv/bin/pip" install -q --only-binary ik-llama-cpp-python ik-llama-cpp-python==0.1.5
  scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT
  "$venv/bin/pip" download -q --no-deps --no-binary ik-llama-cpp-python ik-llama-cpp-python==0.1.5 -d "$scratch"
  tar -xf "$scratch"/*.tar.gz -C "$scratch"
  source=$(find "$scratch" -type d -path '*vendor/ik_llama.cpp' | head -n1)
  # The source distribution leaves out files of parts that are not built here; only the two libraries are asked for.
  "$venv/bin/cmake" -G Ninja -S "$source" -B "$scratch/build" -DCMAKE_MAKE_PROGRAM="$venv/bin/ninja" \
    -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=ON -DLLAMA_BUILD_TESTS=OFF \
    -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF
  "$venv/bin/ninja" -C "$scratch/build" -j"$CMAKE_BUILD_PARALLEL_LEVEL" llama ggml
  mkdir -p "$venv/ik-native"
  find "$scratch/build" -name 'lib*.so' -exec cp {} "$venv/ik-native/" \;
fi
say "installed: $("$venv/bin/pip" list 2>/dev/null | awk '/llama/ {printf "%s %s  ", $1, $2}')"
