# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What a bare Debian bookworm lacks: system packages, the Python environment, test models.

readonly packages=(
  ca-certificates git g++ ninja-build cmake ccache python3 python3-venv
  clang-22 lld-22 liblld-22-dev llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools libclang-rt-22-dev
  clang-format-22 libzstd-dev zlib1g-dev patchelf
  flatbuffers-compiler libflatbuffers-dev libcli11-dev nlohmann-json3-dev
  libprotozero-dev libpcre2-dev libutf8proc-dev libxxhash-dev libsndfile1-dev libsamplerate0-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)

# Packages that are not installed, one a line.
missingPackages() {
  local installed
  installed=$(dpkg-query -W -f='${binary:Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null |
    sed -n 's/^\([^ :]*\)\(:[^ ]*\)\? installed$/\1/p')
  comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(printf '%s\n' "$installed" | sort)
}

needSpace() { # MIB FOLDER WHAT-FOR
  local free; free=$(df -Pm "$2" | awk 'NR==2 {print $4}')
  (( free >= $1 )) || fail "$3 needs $1 MB, $2 has $free MB left" "free some space there and run the same command again"
}

installPackages() {
  local missing; missing=$(missingPackages)
  [[ -z $missing ]] && return 0
  command -v apt-get >/dev/null || fail "these packages are missing and this is not a Debian system: ${missing//$'\n'/ }" \
    "install their counterparts (LLVM and MLIR 22.1 with headers among them), then configure with cmake --preset default"
  local asRoot=()
  if (( $(id -u) != 0 )); then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [[ -t 0 ]] && say "sudo asks for your password to install packages" && sudo true; }; }; then
      asRoot=(sudo)
    else
      fail "installing packages needs root rights: ${missing//$'\n'/ }" \
        "run as root: apt-get update && apt-get install -y ${missing//$'\n'/ }"
    fi
  fi
  needSpace 3000 /usr "installing LLVM and the other packages"
  export DEBIAN_FRONTEND=noninteractive
  step "reading the package lists" "${asRoot[@]}" apt-get update
  # shellcheck disable=SC2086
  step "installing $(wc -w <<<"$missing") packages" "${asRoot[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends $missing
}

checkCMake() {
  local version; version=$(cmake --version | sed -n '1s/.* //p')
  [[ $(printf '%s\n3.25\n' "$version" | sort -V | head -n1) == 3.25 ]] ||
    fail "$(command -v cmake) is CMake $version, 3.25 or newer is needed" "put Debian's /usr/bin first in PATH"
}

pythonEnvironment() {
  local wanted; wanted=$(cksum <dev-support/requirements.txt)
  [[ -x .venv/bin/python && $(cat .venv/.terrazzo 2>/dev/null) == "$wanted" ]] && return 0
  step "making the Python environment .venv" python3 -m venv .venv
  step "installing Python packages" .venv/bin/python -m pip install --disable-pip-version-check -q -r dev-support/requirements.txt
  echo "$wanted" >.venv/.terrazzo
}

setup() {
  installPackages
  checkCMake
  pythonEnvironment
  needSpace 2000 . "building"
  [[ ${1:-} != verbose ]] || say "set up: $(clang++-22 --version | head -n1), CMake $(cmake --version | sed -n '1s/.* //p'), $(.venv/bin/python --version)"
}

# model NAME: prints the path, fetching the file first when it is not there.
model() {
  local path=.models/$1.gguf
  [[ $1 == minilm || $1 == whisper || $1 == speech ]] && path=.models/$1
  [[ $1 == minilm-* ]] && path=.models/$1.onnx
  if [[ ! -e $path ]]; then
    pythonEnvironment
    say "fetching the model $1 …"
    .venv/bin/python dev-support/fetch_model.py "$1" >&2 || exit $?
  fi
  echo "$root/$path"
}
