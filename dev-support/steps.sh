# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# How ./dev speaks: everything on stderr, one line per step, a sign of life every ten seconds, and on failure the end
# of the log with what to do about it.

say() { printf '[dev] %s\n' "$*" >&2; }

# fail WHAT REMEDY [EXIT CODE]
fail() {
  printf 'error: %s\n' "$1" >&2
  [[ -n ${2:-} ]] && printf '  = help: %s\n' "$2" >&2
  exit "${3:-1}"
}

# step TITLE COMMAND…: runs the command with its output in a log.
step() {
  local title=$1; shift
  mkdir -p "$logs"
  local log; log=$logs/$(printf '%s' "$title" | tr -c 'A-Za-z0-9' - | cut -c1-60).log
  say "$title …"
  local start=$SECONDS
  "$@" >"$log" 2>&1 </dev/null &
  local pid=$! next=10
  trap 'kill '"$pid"' 2>/dev/null; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if (( SECONDS - start >= next )); then
      say "$title: $((SECONDS - start)) s · $(tail -n1 "$log" | tr -d '\r' | cut -c1-90)"
      next=$((next + 10))
    fi
  done
  trap - INT TERM
  local status=0
  wait "$pid" || status=$?
  if (( status != 0 )); then
    tail -n 25 "$log" >&2
    fail "$title failed (exit $status); the whole log is $log" "$(remedy "$log")" "$status"
  fi
}

# What a log says went wrong, in words that help.
remedy() {
  if grep -qi 'no space left' "$1"; then
    echo "the disk is full: free some space ($(df -Ph . | awk 'NR==2 {print $4 " left on " $6}')) and run the same command again"
  elif grep -qiE 'unable to locate package|has no installation candidate' "$1"; then
    echo "this system's registries lack a package; Terrazzo is set up on Debian 12 (bookworm) with its security updates, where LLVM 22 comes from; see /etc/apt/sources.list"
  elif grep -qiE 'could not resolve|temporary failure|connection (refused|timed out)|network is unreachable' "$1"; then
    echo "no network: check the connection or proxy (http_proxy, pip config) and run the same command again"
  elif grep -qiE 'permission denied|are you root' "$1"; then
    echo "a right is missing: run './dev setup' once as root, or as a user who may sudo"
  else
    echo "read the log; running the same command again goes on where it stopped"
  fi
}

# Of ninja's lines one every ten seconds, and what looks like trouble.
everyTenSeconds() {
  local line next=0
  while IFS= read -r line; do
    case $line in
      '['[0-9]*'/'*) (( SECONDS < next )) && continue; next=$((SECONDS + 10)) ;;
      *error*|*warning:*|FAILED*) ;;
      *) continue ;;
    esac
    printf '[dev] %s\n' "${line:0:120}"
  done
}

# buildProgress TITLE COMMAND…: ninja with its own counter on a terminal, a line every ten seconds elsewhere.
buildProgress() {
  local title=$1; shift
  mkdir -p "$logs"
  local log=$logs/build.log start=$SECONDS status=0
  say "$title …"
  if [[ -t 2 ]]; then
    NINJA_STATUS='[%f/%t %es] ' "$@" 2>&1 | tee "$log" >&2 || status=$?
  else
    NINJA_STATUS='[%f/%t %es] ' "$@" 2>&1 | tee "$log" | everyTenSeconds >&2 || status=$?
  fi
  if (( status != 0 )); then
    [[ -t 2 ]] || grep -v '^\[[0-9]*/[0-9]* ' "$log" | tail -n 40 >&2
    fail "$title failed; the whole log is $log" "$(remedy "$log")"
  fi
  (( SECONDS - start > 5 )) && say "$title: done in $((SECONDS - start)) s"
  return 0
}
